package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// weekend is the window of a project that names none.
const weekend = "* * * * SAT,SUN"

// project is a policy in the making: what belongs together across keys, and
// may come from defaults and the project in any mixture, is joined by finish.
type project struct {
	policy  plan.Policy
	window  []string // nil: not given
	zone    *time.Location
	freezes []plan.Freeze
	// windowAt is where the window was given, to name it when it lacks a zone.
	windowAt    *yaml.Node
	ruleWindows []ruleWindow
	mergeWindow []string // nil: not given
	mergeAt     *yaml.Node
	adoptAt     *yaml.Node
}

// finish returns the policy, which shares no memory with another project's.
func (p project) finish(indexes []Index) plan.Policy {
	policy := p.policy
	policy.Files = slices.Clone(policy.Files)
	policy.Labels = slices.Clone(policy.Labels)
	policy.Reviewers = append([]string(nil), policy.Reviewers...)
	policy.Assignees = append([]string(nil), policy.Assignees...)
	policy.Gates = cloneGates(policy.Gates)
	policy.Pythons = slices.Clone(policy.Pythons)
	policy.Platforms = slices.Clone(policy.Platforms)
	cloneRequirements(&policy)
	finishAdoption(&policy)
	specs, zone := p.window, p.zone
	if specs == nil {
		specs = []string{weekend}
	}
	if zone == nil {
		zone = time.UTC
	}
	cloneRules(&policy, zone, p.freezes)
	policy.Merging.Kinds = slices.Clone(policy.Merging.Kinds)
	if p.mergeWindow != nil {
		w := windowOf(p.mergeWindow, zone, p.freezes)
		policy.Merging.Window = &w
	}
	// Specs that are wrong were reported one by one.
	policy.Window = windowOf(specs, zone, p.freezes)
	for _, i := range indexes {
		policy.Indexes = append(policy.Indexes, plan.Index{
			Name: i.Name, URL: i.URL, Packages: slices.Clone(i.Packages), IgnoreUploadTimes: i.IgnoreUploadTimes, Source: i.source,
		})
	}
	return policy
}

// windowOf makes a window of specs that were checked.
func windowOf(specs []string, zone *time.Location, freezes []plan.Freeze) plan.Window {
	w, _ := plan.ParseWindow(slices.Clone(specs), zone)
	return w.Without(freezes)
}

var (
	projectPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	ageText     = regexp.MustCompile(`^(0|[1-9][0-9]{0,3})([dh])$`)
)

func (r *reader) projectPath(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if text != "" && !projectPath.MatchString(text) {
		r.fail(n, at, "%q is not a project's path: write it as in its address, group/project", text)
	}
	return text
}

// window reads one spec or a list of them.
func (r *reader) window(n *yaml.Node, at string) []string {
	check := func(n *yaml.Node, at, spec string) {
		if _, err := plan.ParseWindow([]string{spec}, time.UTC); err != nil {
			r.fail(n, at, "%v", err)
		}
	}
	if n.Kind == yaml.SequenceNode {
		return r.texts(n, at, 1, check)
	}
	spec := r.text(n, at)
	if spec != "" {
		check(n, at, spec)
	}
	return []string{spec}
}

// freezes reads runs of days. A freeze that is over is fine: it is left in many a
// file.
func (r *reader) freezes(n *yaml.Node, at string) []plan.Freeze {
	var out []plan.Freeze
	r.list(n, at, 0, func(n *yaml.Node, at string) {
		f := plan.Freeze{At: fmt.Sprintf("%s:%d", r.short, n.Line), Layer: r.layerAt(at)}
		r.mapping(n, at, []field{
			{
				key: "from", required: true, example: "2026-12-20",
				says: says{"day, `2026-12-20`", "", schemaDay, "The first day"},
				read: func(n *yaml.Node, at string) { f.From = r.date(n, at) },
			},
			{
				key: "to", required: true, example: "2027-01-03",
				says: says{"day", "", schemaDay, "The last day, which is frozen too"},
				read: func(n *yaml.Node, at string) { f.To = r.date(n, at) },
			},
			{
				key: "reason", required: true, example: "year end",
				says: says{"text", "", schemaText, "Why; it stands in the dashboard"},
				read: func(n *yaml.Node, at string) { f.Reason = r.text(n, at) },
			},
		})
		if f.To.Before(f.From) {
			r.fail(n, at, "it ends before it begins: write the first day as from and the last as to")
		}
		out = append(out, f)
	})
	return out
}

// zoned checks that a window which was written down says whose clock it
// means. Always means the same everywhere.
func (r *reader) zoned(at string, p project) {
	if p.zone != nil {
		return
	}
	lacking := func(n *yaml.Node, specs []string) {
		for _, spec := range specs {
			if spec == "" || strings.Join(strings.Fields(spec), " ") == "* * * * *" {
				return
			}
		}
		// Two projects may share the window of the defaults: say it once.
		e := Error{Path: r.path, Line: n.Line, Key: below(at, "timezone"),
			Text: "a window needs a time zone: add timezone, such as Europe/Prague or UTC"}
		if !slices.ContainsFunc(r.errs, func(o Error) bool { return o.Line == e.Line && o.Text == e.Text }) {
			r.errs = append(r.errs, e)
		}
	}
	if p.windowAt != nil {
		lacking(p.windowAt, p.window)
	}
	if p.mergeAt != nil {
		lacking(p.mergeAt, p.mergeWindow)
	}
	for _, w := range p.ruleWindows {
		lacking(w.node, w.specs)
	}
}

func (r *reader) timezone(n *yaml.Node, at string) *time.Location {
	name := r.text(n, at)
	zone, err := time.LoadLocation(name)
	if name != "" && (err != nil || name == "Local") {
		r.fail(n, at, "%q is not a time zone: write a name such as Europe/Prague or UTC", name)
	}
	// Never nil: a zone was given, even if it was wrong.
	if zone == nil {
		zone = time.UTC
	}
	return zone
}

func (r *reader) age(n *yaml.Node, at string) time.Duration {
	if n.Kind == yaml.ScalarNode && n.Value == "0" {
		return 0
	}
	m := ageText.FindStringSubmatch(n.Value)
	if n.Kind != yaml.ScalarNode || m == nil {
		r.fail(n, at, "%s: write days or hours such as 3d or 12h, or 0", not(n, "an age"))
		return 0
	}
	count, _ := strconv.Atoi(m[1]) // at most four digits
	unit := time.Hour
	if m[2] == "d" {
		unit = 24 * time.Hour
	}
	return time.Duration(count) * unit
}

// prefix reads the start of a branch name, by git check-ref-format's rules.
// https://git-scm.com/docs/git-check-ref-format
func (r *reader) prefix(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	bad := strings.ContainsAny(text, " ~^:?*[\\") || strings.Contains(text, "..") || strings.Contains(text, "@{") ||
		strings.HasPrefix(text, "-") || len(text) > 100
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "/"), "/") {
		bad = bad || part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") || strings.HasSuffix(part, ".")
	}
	switch {
	case bad:
		r.fail(n, at, "%q cannot start a branch's name in git: write letters, digits, - and /, such as pinwheel/", text)
	case !strings.HasSuffix(text, "/") && !strings.HasSuffix(text, "-"):
		r.fail(n, at, "%q does not end in / or -, so that other branches would match it: write %s/", text, text)
	}
	return text
}

func (r *reader) label(n *yaml.Node, at, text string) {
	if strings.Contains(text, ",") {
		r.fail(n, at, "%q holds a comma, which GitLab reads as two labels: write two elements", text)
	}
}

func (r *reader) titleForm(n *yaml.Node, at string) plan.TitleForm {
	text := r.text(n, at)
	if text == "" {
		return plan.TitleForm{}
	}
	form, err := plan.ParseTitleForm(text)
	if err != nil {
		r.fail(n, at, "%v", err)
	}
	return form
}

var userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// username reads the name of a user of GitLab.
func (r *reader) username(n *yaml.Node, at, text string) {
	if !userName.MatchString(text) {
		r.fail(n, at, "%q is not a username: write it without @, as in the address of a person's page", text)
	}
}

// platforms are the machines that wheels are told apart for.
var platforms = [...]string{"linux/x86_64", "linux/aarch64", "linux/ppc64le", "linux/s390x", "linux/i686", "linux/armv7l", "linux/riscv64"}

func (r *reader) platform(n *yaml.Node, at, text string) {
	if !slices.Contains(platforms[:], text) {
		r.choice(n, at, platforms[:]...)
	}
}

// dashboardTitle reads the title of the issue.
func (r *reader) dashboardTitle(n *yaml.Node, at string) string {
	title := r.text(n, at)
	if len([]rune(title)) > 255 {
		r.fail(n, at, "the title is longer than the 255 characters GitLab takes: shorten it")
	}
	if found := effective.FindString(title); found != "" {
		r.fail(n, at, "%q means something else to GitLab in a title: write another word", found)
	}
	return title
}

// effective is what GitLab obeys in a title: a mention, a reference, a key of an
// issue tracker, a link. It stands in schema.json too.
var effective = regexp.MustCompile(`@\S+|[#!&%$][0-9]+|[~%][A-Za-z0-9_"]+|\[[a-z_]+:|://|(^|[^A-Za-z0-9])[A-Z][A-Z0-9_]*-[0-9]+|^[wW][wW][wW]\.`)
