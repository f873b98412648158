package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/renovate"
	"gitlab.com/cki-project/pinwheel/store"
	"gitlab.com/cki-project/pinwheel/text"
)

// This file reads presets of Renovate's that stand in other projects of the same GitLab, for a
// project that is run by its renovate.json.

// presetsWithin is how long a preset counts as it was read. It is also read when the project
// has a new commit, so a quiet run asks for none.
const presetsWithin = 24 * time.Hour

// mostPresets bounds how many presets a run reads.
const mostPresets = 20

// presetRead is what a run knows of a preset that it read.
type presetRead struct {
	store.Preset
	err error
}

// preset is the text of a preset as this run or an earlier one read it.
func (r *observer) preset(name string) ([]byte, bool) {
	if read, is := r.presets[name]; is {
		return []byte(read.Text), read.err == nil
	}
	kept, is := r.memory.Bots.Presets[name]
	return []byte(kept.Text), is
}

// readPresets reads the presets that Renovate's configuration names, and those that they name,
// as far as they are not known or were read long ago. Others than these are not kept.
func (r *observer) readPresets(ctx context.Context, operators config.Project) {
	from, found := r.renovates()
	if !found {
		return
	}
	wanted := map[string]bool{}
	for range mostPresets {
		var fresh []string
		from.Preset = func(name string) ([]byte, bool) {
			if _, _, _, local := renovate.PresetFiles(name); local && !wanted[name] {
				wanted[name] = true
				fresh = append(fresh, name)
			}
			return r.preset(name)
		}
		_, _ = renovate.Lay(operators, from) // only the names count here
		due := slices.DeleteFunc(fresh, func(name string) bool { return !r.presetDue(name) })
		if len(fresh) == 0 {
			break
		}
		for _, name := range due[:min(len(due), max(0, mostPresets-len(r.presets)))] {
			r.readPreset(ctx, name)
		}
	}
	r.keepPresets(wanted)
}

func (r *observer) presetDue(name string) bool {
	if _, is := r.presets[name]; is {
		return false
	}
	kept, known := r.memory.Bots.Presets[name]
	return !known || r.files.fresh || r.now.Passed(kept.Read.Add(presetsWithin))
}

// readPreset reads one preset. If GitLab fails, what an earlier run read goes on counting, and
// the run says so.
func (r *observer) readPreset(ctx context.Context, name string) {
	if r.presets == nil {
		r.presets = map[string]presetRead{}
	}
	kept, known := r.memory.Bots.Presets[name]
	read, err := ReadPreset(gitlab.Unrecorded(ctx), r.GitLab, WantedPreset{name, r.snap.Project.Path, kept})
	read.Read = r.now.Stamp()
	if err != nil && known && !gitlab.Missing(err) {
		r.fail(fmt.Sprintf("the preset %s could not be read anew, and what it said before counts: %s", text.Plain(name, 100), explain(err)))
		read, err = kept, nil
		read.Read = time.Time{} // so that the next run reads it
	}
	r.presets[name] = presetRead{read, err}
}

// keepPresets keeps what was read of the presets that count. One that may have a password in it
// is read anew by each run: no secret is stored.
func (r *observer) keepPresets(wanted map[string]bool) {
	kept := maps.Clone(r.memory.Bots.Presets)
	if kept == nil {
		kept = map[string]store.Preset{}
	}
	for name, read := range r.presets {
		if read.err == nil && text.Masked(read.Text) == read.Text {
			kept[name] = read.Preset
		}
	}
	maps.DeleteFunc(kept, func(name string, _ store.Preset) bool { return !wanted[name] })
	if len(kept) == 0 {
		kept = nil
	}
	r.memory.Bots.Presets = kept
}

// unreadPresets is the problem that a preset could not be read; nil if none.
func (r *observer) unreadPresets(file string) []plan.Problem {
	for _, name := range slices.Sorted(maps.Keys(r.presets)) {
		if err := r.presets[name].err; err != nil {
			return []plan.Problem{{Stopping: true, File: file,
				Text: "the preset " + text.Code(name) + " could not be read: " + explain(err) + ", and nothing changes meanwhile",
				Next: "let pinwheel's user read that project, correct the name, or write what the preset says into this file"}}
		}
	}
	return nil
}

// WantedPreset is a preset that the configuration of a project names.
type WantedPreset struct {
	Name    string
	Project string       // the path of the project that names it
	Known   store.Preset // as it was read before; its text counts as long as the commit is the same
}

// ReadPreset reads a preset on the same GitLab. A private project's presets are only read within
// one top-level group: what they say shows on the dashboard.
func ReadPreset(ctx context.Context, client *gitlab.Client, wanted WantedPreset) (store.Preset, error) {
	reader, known := wanted.Project, wanted.Known
	path, ref, files, ok := renovate.PresetFiles(wanted.Name)
	if !ok {
		return store.Preset{}, fmt.Errorf("%s is no preset of this GitLab", text.Plain(wanted.Name, 100))
	}
	project, err := client.Project(ctx, path, 0)
	if err != nil {
		return store.Preset{}, err
	}
	if project.Private && top(project.Path) != top(reader) {
		return store.Preset{}, fmt.Errorf("%s is private and in another top-level group than %s", project.Path, reader)
	}
	at, err := presetCommit(ctx, client, project, ref)
	if err != nil || at == known.At {
		return known, err
	}
	for _, file := range files {
		data, found, err := client.File(ctx, project.ID, file, at)
		if err != nil {
			return store.Preset{}, err
		}
		if found {
			return store.Preset{Text: string(data), At: at}, nil
		}
	}
	return store.Preset{}, fmt.Errorf("%s has no %s at %s", project.Path, strings.Join(files, " or "), cmp.Or(ref, project.DefaultBranch))
}

// presetCommit is the commit that a preset's ref stands for, a branch before a tag.
func presetCommit(ctx context.Context, client *gitlab.Client, project gitlab.Project, ref string) (string, error) {
	head, err := client.Head(ctx, project.ID, cmp.Or(ref, project.DefaultBranch))
	if err == nil || ref == "" || !gitlab.Missing(err) {
		return head.SHA, err
	}
	commit, err := client.Commit(ctx, project.ID, ref)
	return commit.SHA, err
}

func top(path string) string {
	group, _, _ := strings.Cut(path, "/")
	return strings.ToLower(group)
}
