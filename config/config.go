package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
)

// Config is one configuration with its defaults filled in. Paths in it are as
// written: relative ones count from the working directory.
type Config struct {
	Path              string // of the file, for messages
	GitLab            GitLab
	Indexes           []Index // at least one; the first whose patterns match a name owns it
	Concurrency       int     // parallel reads of an index
	Store             string  // a path, or the address of a database without a password
	StorePasswordFile string
	AuditFile         string        // "" for none
	AuditKeep         time.Duration // of entries in the database; 0 for good
	CAFile            string        // certificates that are trusted beside the system's; "" for none
	Schedule          string        // a cron spec in UTC
	AtOnce            int           // runs that may be at work at once
	AtOnceGiven       bool          // somebody wrote AtOnce down
	MaxNew            int           // merge requests that a run opens over all projects without being asked; 0 is no bound
	Limits            Limits
	Listen            Listen
	Projects          []Project // none if there is Software or Discover alone
	Discover          []Discover
	Software          Software
	ReleaseNotes      ReleaseNotes
	// Defaults is the policy of a project that says nothing itself.
	Defaults plan.Policy
}

// GitLab says where GitLab is.
type GitLab struct {
	URL       string // without a final slash
	TokenFile string
	// MergeTokenFile holds the token that merges; empty if the first one does.
	MergeTokenFile string
	AllowHTTP      bool
	Rate           int // requests a minute; 0 is no bound
	// FormerUsers are names of users that pinwheel had before, as commits show
	// them: what they wrote is ours.
	FormerUsers []string
}

// Index is one package index as a client needs it. Projects hold the same
// index as a decision needs it.
type Index struct {
	Name              string
	URL               string // with a final slash
	Packages          []string
	Username          string
	PasswordFile      string
	IgnoreUploadTimes bool
	AllowHTTP         bool

	source plan.Source
}

// Project is one project with its policy.
type Project struct {
	Path   string
	Policy plan.Policy
	Token  TokenSource // of its own; zero for pinwheel's

	// Overrides are what its own file says against the operator.
	Overrides []Override

	layer   Layer    // of which the policy is made
	beneath *beneath // what a file of its own is laid over
	text    string   // a digest of the configuration
}

// Digest is a digest of this project in this text of a configuration, but for what stands under
// listen. It is empty if the project comes from no text. The project's own file is no part of it.
func (p Project) Digest() string {
	if p.text == "" {
		return ""
	}
	return p.text + " " + p.Path
}

// maxSize is far above the size of any configuration. A path that leads to something large
// by mistake is an error and costs no memory.
const maxSize = 1 << 20

// Load reads and checks the file at path. What is wrong with it is an Errors.
func Load(path string) (*Config, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, unreadable(path, "no such file or directory; check the name")
	case err != nil:
		return nil, unreadable(path, cause(err))
	case info.IsDir():
		return nil, unreadable(path, "it is a folder")
	case info.Size() > maxSize:
		return nil, unreadable(path, "it is larger than 1 MiB")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, cause(err))
	}
	return Parse(path, data)
}

func unreadable(path, why string) Errors {
	return Errors{{Path: path, Text: "the configuration cannot be read: " + why}}
}

// Parse checks data as Load does; path is only for messages.
func Parse(path string, data []byte) (*Config, error) {
	r := &reader{path: filepath.ToSlash(path), short: filepath.Base(path), sections: map[string][]field{}}
	root := r.document(data, "the smallest configuration is:\nprojects:\n  - path: group/project")
	if len(r.errs) > 0 {
		return nil, r.errs.sorted()
	}
	c := r.config(root)
	c.Path = path
	text := digestOf(data, root)
	for i := range c.Projects {
		c.Projects[i].text = text
	}
	for i := range c.Discover {
		if t := c.Discover[i].template; t != nil {
			t.text = text
		}
	}
	if len(r.errs) > 0 {
		return nil, r.errs.sorted()
	}
	return c, nil
}

// Default is the configuration of an empty file: no projects, and the built-in
// policy on pypi.org.
func Default() *Config {
	r := &reader{sections: map[string][]field{}}
	c := r.config(nil)
	c.Path = "the configuration"
	return c
}

// document parses data as exactly one mapping. smallest is an example of one, for messages.
func (r *reader) document(data []byte, smallest string) *yaml.Node {
	if !utf8.Valid(data) {
		r.errs = append(r.errs, Error{Path: r.path, Text: "the file is not UTF-8 text: save it as UTF-8"})
		return nil
	}
	docs, err := documents(data)
	if err != nil {
		r.errs = append(r.errs, syntaxError(r.path, err))
		return nil
	}
	switch {
	case len(docs) == 0:
		r.errs = append(r.errs, Error{Path: r.path, Text: "the file is empty; " + smallest})
		return nil
	case len(docs) > 1:
		r.fail(docs[1], "", "a second document starts here: keep one configuration per file")
		return nil
	}
	root := docs[0].Content[0]
	if root.Kind != yaml.MappingNode {
		what := "the file has no keys; %s"
		if root.Kind == yaml.SequenceNode {
			what = "the file is a list where it should have keys; %s"
		}
		r.fail(root, "", what, smallest)
	}
	return root
}

// documents parses without judging: keys given twice are found by the reader,
// which reports them with everything else.
func documents(data []byte) ([]*yaml.Node, error) {
	loader, err := constraints.NewYAMLLoader(data)
	if err != nil {
		return nil, err
	}
	var docs []*yaml.Node
	for {
		var n yaml.Node
		switch err := loader.Load(&n); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		case n.Kind == yaml.DocumentNode && len(n.Content) == 1:
			docs = append(docs, &n)
		}
	}
}

func syntaxError(path string, err error) Error {
	line, what := constraints.YAMLFault(err)
	return Error{Path: path, Line: line, Text: "this is not YAML: " + what}
}

// config reads the top level; a nil root is an empty file.
func (r *reader) config(root *yaml.Node) *Config {
	c := &Config{
		GitLab: GitLab{URL: "https://gitlab.com"}, Concurrency: 8, Store: "pinwheel.db", Schedule: "@hourly", AtOnce: 4,
		Limits: DefaultLimits(), Software: defaultSoftware(),
	}
	var t top
	if root != nil {
		r.mapping(root, "", r.topKeys(c, &t))
	}
	c.Indexes = r.indexes(t.short, t.list, &c.Concurrency)
	switch {
	case t.list != nil:
		r.bounded(t.list, "indexes", c.Indexes, t.floor)
	case t.short != nil && !onlyConcurrency(t.short):
		r.bounded(t.short, "index", c.Indexes, t.floor)
	default:
		r.bounded(root, "", c.Indexes, t.floor)
	}
	r.above(t.shared, t.floor)
	beneath := builtIn()
	if t.projects != nil {
		c.Projects = r.projects(t.projects, Merge(beneath, t.shared), c.Indexes, t.floor)
	}
	r.templates(c.Discover, Merge(beneath, t.shared), c.Indexes, t.floor)
	if len(c.Discover) > 0 && !t.bounded {
		c.MaxNew = newWithDiscover
	}
	_, base := t.floor.enforced(beneath, t.shared)
	c.Defaults = base.finish(c.Indexes)
	return c
}

func (r *reader) projects(n *yaml.Node, shared Layer, indexes []Index, floor floors) []Project {
	const at = "projects"
	var out []Project
	lines := map[string]int{}
	r.list(n, at, 1, func(n *yaml.Node, at string) {
		path := ""
		var token TokenSource
		entry := r.layer(n, at, append([]field{{
			key: "path", required: true, example: "group/project",
			says: says{"text", "", schemaProject, "Its path on GitLab, `group/project`"},
			read: func(n *yaml.Node, at string) { path = r.projectPath(n, at) }}}, r.tokenKeys(&token)...)...)
		under, p := floor.enforced(shared, entry)
		r.zoned(at, p)
		r.adopts(at, p)
		r.above(entry, floor)
		r.requires(n, at, p, floor.gates)
		// GitLab's paths are told apart without regard to case.
		key := strings.ToLower(path)
		if first := lines[key]; first > 0 && key != "" {
			r.fail(n, at+".path", "%s is a project of this file already, at line %d: keep one of the two", path, first)
		}
		lines[key] = n.Line
		out = append(out, Project{Path: path, Policy: p.finish(indexes), Token: token, layer: under, beneath: &beneath{under, p, indexes, floor}})
	})
	return out
}

// names are the schedules that need no fields.
var names = [...]string{"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}

// schedule reads a cron spec. Sunday as 7 is what a window understands and a
// schedule does not.
func (r *reader) schedule(n *yaml.Node, at string) string {
	spec := r.text(n, at)
	if spec == "" {
		return ""
	}
	for _, name := range names {
		if spec == name {
			return spec
		}
	}
	if _, err := plan.ParseWindow([]string{spec}, time.UTC); err != nil {
		r.fail(n, at, "%q is not a schedule: write @hourly, @daily or five cron fields such as \"15 * * * *\"", spec)
		return ""
	}
	for part := range strings.SplitSeq(strings.Fields(spec)[4], ",") {
		days, _, _ := strings.Cut(part, "/")
		if days == "7" || strings.HasPrefix(days, "7-") || strings.HasSuffix(days, "-7") {
			r.fail(n, at, "%q names Sunday by 7: write 0 or SUN", spec)
			return ""
		}
	}
	return spec
}
