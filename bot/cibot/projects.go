package cibot

import (
	"regexp"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/renovate"
)

var (
	pathWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	nameWord = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,58}[A-Za-z0-9])?$`)
	refWord  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}$`)
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)
)

// commands are words that a pipeline cannot have as its name.
var commands = []string{"with", "test", "help", "cancel", "retry", "status"}

// named has, for each name of a pipeline in the file, the names of what it became in pinwheel.
type named map[string][]string

// readProject reads one project: its pipelines first, since other keys name them.
func (r *reader) readProject(at pair) {
	key := "projects." + at.key
	keys := pairs(at.value)
	if keys == nil {
		r.addLine(place{key, at.line}, renovate.Refused, "it is not a mapping: describe the project, or take it out")
		return
	}
	p, names := project{}, named{}
	var later []renovate.Line
	for _, k := range keys {
		if k.key == "pipelines" {
			before := len(r.lines)
			r.readPipelines(k, key, at.key, names)
			later = append(later, r.lines[before:]...)
			r.lines = r.lines[:before]
		}
	}
	for _, k := range keys {
		if k.key == "pipelines" {
			r.lines = append(r.lines, later...)
			later = nil
			continue
		}
		r.readKey(k, key+"."+k.key, &p, names)
	}
	if p.path == "" {
		r.addLine(place{key, at.line}, renovate.Refused, "its path is not known, so it is left out: add project: group/project")
		return
	}
	if slices.ContainsFunc(r.projects, func(o project) bool { return strings.EqualFold(o.path, p.path) }) {
		r.addLine(place{key, at.line}, renovate.Refused, "%s is described already: keep one of the two", p.path)
		return
	}
	if p.visible == nil {
		p.visible = ownNames(names)
	}
	for _, name := range p.standard {
		if !slices.Contains(p.visible, name) {
			p.visible = append(p.visible, name)
		}
	}
	if len(p.visible) == 0 {
		r.addLine(place{key, at.line}, renovate.Refused, "none of its pipelines can be taken over, so it is left out")
		return
	}
	r.projects = append(r.projects, p)
}

func ownNames(names named) []string {
	var out []string
	for _, list := range names {
		out = append(out, list...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readKey reads a key of a project.
func (r *reader) readKey(at pair, key string, p *project, names named) {
	value, isText := scalar(at.value)
	switch at.key {
	case "project":
		if !isText || !pathWord.MatchString(value) {
			r.addLine(place{key, at.line}, renovate.Refused, "it is not a project's path: write group/project")
			return
		}
		p.path = value
		r.addLine(place{key, at.line}, renovate.Kept, "a name of software.bot.projects")
	case "override":
		r.readOverride(at, key, p)
	case "welcome_message":
		p.welcome = r.readWelcome(at, key, value, isText)
	case "default_pipelines":
		p.standard = r.readNames(at, key, names, "default")
	case "visible_pipelines":
		p.visible = r.readNames(at, key, names, "pipelines")
	case "tests_only":
		if value == "true" {
			r.addLine(place{key, at.line}, renovate.Differs, "the whole pipeline runs, since pinwheel does not set the ARTIFACT_ variables of an earlier one")
			return
		}
		r.addLine(place{key, at.line}, renovate.Kept, "the whole pipeline runs")
	default:
		r.addLine(place{key, at.line}, renovate.Refused, "pinwheel does not know this key: take it out, if the bot works without it")
	}
}

// readOverride reads which variable replaces the package.
func (r *reader) readOverride(at pair, key string, p *project) {
	kind, name := "", ""
	for _, k := range pairs(at.value) {
		value, _ := scalar(k.value)
		switch k.key {
		case "type":
			kind = value
		case "name":
			name = value
		default:
			r.addLine(place{key + "." + k.key, k.line}, renovate.Refused, "pinwheel does not know this key: take it out, if the bot works without it")
		}
	}
	switch {
	case kind != "variable":
		r.addLine(place{key, at.line}, renovate.Refused, "pinwheel replaces a package by a variable or input of the pipeline, and not by %q: let the pipeline read one", kind)
	case !variable.MatchString(name):
		r.addLine(place{key, at.line}, renovate.Refused, "%q is not the name of a variable: write one such as kpet_db_pip_url", name)
	default:
		p.override = name
		r.addLine(place{key, at.line}, renovate.Kept, "override: %s, and overrides: variables for its pipelines", name)
	}
}

// readWelcome reads a text that stands on merge requests, which GitLab must not obey.
func (r *reader) readWelcome(at pair, key, value string, isText bool) string {
	value = strings.TrimRight(value, "\n ")
	bad := strings.Contains(value, "<!--") || len(value) > 4000 || strings.ContainsFunc(value, func(c rune) bool { return c != '\n' && c < ' ' || c == 0x7f })
	for line := range strings.SplitSeq(value, "\n") {
		bad = bad || strings.HasPrefix(strings.TrimSpace(line), "/")
	}
	if !isText || strings.TrimSpace(value) == "" || bad {
		r.addLine(place{key, at.line}, renovate.Refused, "a welcome is a text of at most 4000 bytes without hidden parts and without lines that begin with /: write another one")
		return ""
	}
	r.addLine(place{key, at.line}, renovate.Kept, "welcome; pinwheel lists the pipelines and the commands below it, so take them out of the text")
	return value
}

// readNames reads a list of pipelines.
func (r *reader) readNames(at pair, key string, names named, own string) []string {
	list, ok := texts(at.value)
	if !ok {
		r.addLine(place{key, at.line}, renovate.Refused, "it is not a list of names of pipelines")
		return nil
	}
	out, missing := []string{}, []string{}
	for _, name := range list {
		if len(names[name]) == 0 {
			missing = append(missing, name)
		}
		for _, own := range names[name] {
			if !slices.Contains(out, own) {
				out = append(out, own)
			}
		}
	}
	switch {
	case len(missing) > 0:
		r.addLine(place{key, at.line}, renovate.Refused, "no pipeline %s was taken over: describe it below pipelines; the others are in %s", strings.Join(missing, ", "), own)
	case slices.Equal(out, list):
		r.addLine(place{key, at.line}, renovate.Kept, "%s: [%s]", own, strings.Join(out, ", "))
	default:
		r.addLine(place{key, at.line}, renovate.Differs, "%s: [%s]", own, strings.Join(out, ", "))
	}
	return out
}

// readPipelines reads the pipelines of a project.
func (r *reader) readPipelines(at pair, key, owner string, names named) {
	key += ".pipelines"
	if pairs(at.value) == nil {
		r.addLine(place{key, at.line}, renovate.Refused, "it is not a mapping of names to pipelines")
		return
	}
	for _, one := range pairs(at.value) {
		r.readPipeline(one, key+"."+one.key, owner, names)
	}
}

// readPipeline reads one: it becomes a pipeline for each of its branches, like what passed
// there last.
func (r *reader) readPipeline(at pair, key, owner string, names named) {
	description, branches := "", []string(nil)
	for _, k := range pairs(at.value) {
		value, _ := scalar(k.value)
		in := key + "." + k.key
		switch k.key {
		case "name":
			r.addLine(place{in, k.line}, renovate.Differs, "people write %s, and the comment shows the description", at.key)
		case "description":
			description = strings.Join(strings.Fields(value), " ")
			if description == "" || len(description) > 200 {
				description = ""
				r.addLine(place{in, k.line}, renovate.Refused, "a description is one line of at most 200 bytes: write another one")
				continue
			}
			r.addLine(place{in, k.line}, renovate.Kept, "description")
		case "cki_pipeline_type":
			r.addLine(place{in, k.line}, renovate.Differs, "like takes the newest pipeline that passed on the branch, whatever its type: let %s pipelines run on branches of their own", value)
		case "default_branches":
			branches = r.readBranches(k, in)
		default:
			r.addLine(place{in, k.line}, renovate.Refused, "pinwheel does not know this key; a variable of the pipeline goes below variables: take it out, if the bot works without it")
		}
	}
	switch {
	case !nameWord.MatchString(at.key) || slices.Contains(commands, at.key):
		r.addLine(place{key, at.line}, renovate.Refused, "%q cannot name a pipeline: use up to 60 letters, digits, ., _ and -, and not the name of a command", at.key)
	case len(branches) == 0:
		r.addLine(place{key, at.line}, renovate.Refused, "it has no branch, so there is no pipeline that it could be like: name one in default_branches")
	case r.o.Pipelines == "":
		r.addLine(place{key, at.line}, renovate.Refused, "the file does not say in which project it runs: call pinwheel import again with --pipelines group/project")
	default:
		made, bad := r.addPipelines(at.key, owner, description, branches)
		if bad != "" {
			r.addLine(place{key, at.line}, renovate.Refused, "%q cannot name a pipeline: use other names for it and its branches", bad)
			return
		}
		names[at.key] = made
		r.addLine(place{key, at.line}, renovate.Differs, "in %s: %s, each like the newest pipeline that passed on its branch", r.o.Pipelines, strings.Join(names[at.key], ", "))
	}
}

func (r *reader) readBranches(at pair, key string) []string {
	list, ok := texts(at.value)
	bad := slices.IndexFunc(list, func(b string) bool {
		return !refWord.MatchString(b) || strings.Contains(b, "..") || strings.Contains(b, "//")
	})
	switch {
	case !ok:
		r.addLine(place{key, at.line}, renovate.Refused, "it is not a list of branches")
		return nil
	case bad >= 0:
		r.addLine(place{key, at.line}, renovate.Refused, "%q is not the name of a branch", list[bad])
		return nil
	}
	r.addLine(place{key, at.line}, renovate.Differs, "each branch becomes a pipeline")
	return list
}

// addPipelines makes a pipeline for each branch. A name that another project has for something
// else gets the project's name before it.
func (r *reader) addPipelines(name, owner, description string, branches []string) (names []string, bad string) {
	var out []string
	for _, branch := range branches {
		want := pipeline{name, description, branch}
		if len(branches) > 1 {
			want.name += "-" + strings.ReplaceAll(branch, "/", "-")
		}
		at := slices.IndexFunc(r.pipelines, func(p pipeline) bool { return p.name == want.name })
		if at >= 0 && r.pipelines[at] != want {
			want.name = owner + "-" + want.name
			at = slices.IndexFunc(r.pipelines, func(p pipeline) bool { return p.name == want.name })
		}
		if !nameWord.MatchString(want.name) {
			return nil, want.name
		}
		if at < 0 {
			r.pipelines = append(r.pipelines, want)
		}
		if !slices.Contains(out, want.name) {
			out = append(out, want.name)
		}
	}
	return out, ""
}
