package config

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Software is the one set of software that the jobs of a pipeline install. If neither it nor a
// variable names a project, nothing is prepared.
type Software struct {
	Packages, Data      []string // names as written
	Install             []string // data projects that are packages, too
	Namespace, Ref      string
	Constraints         string // a file; "" where a variable holds them
	ConstraintsVariable string
	Path                string
	Images              []SoftwareImage
	Allowed             []string // hosts and namespaces of overrides; nil is the default
	Unpinned            string   // warning or error
	Compression         string   // gzip or zstd
	Registry            SoftwareRegistry
	Keep                int // days
	Deploy              Deploy
	Bot                 Bot
}

// SoftwareImage is an image of the pipeline.
type SoftwareImage struct{ Name, Image, Python string }

// SoftwareRegistry is where builds are kept: at most one of the two.
type SoftwareRegistry struct{ Project, Folder string }

const (
	schemaEntries  = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*(@[^\\s~^:?*\\[\\\\-][^\\s~^:?*\\[\\\\]*)?$"}}`
	schemaLast     = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"}}`
	schemaRoot     = `{"type":"string","pattern":"^(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+$"}`
	schemaVariable = `{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_]*$"}`
	schemaImage    = `{"type":"string","pattern":"^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$","not":{"const":"software.lock"}}`
	schemaAllowed  = `{"type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"}}`
	schemaGroup    = `{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"}`
)

var (
	entryText    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*(@[^\s~^:?*\[\\-][^\s~^:?*\[\\]*)?$`)
	rootText     = regexp.MustCompile(`^(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)+$`)
	variableText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	imageText    = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$`)
	allowedText  = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	groupText    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
)

// defaultSoftware has the values of keys that are left out.
func defaultSoftware() Software {
	return Software{Ref: "production", ConstraintsVariable: "PYTHON_CONSTRAINTS", Path: "/opt/pinwheel", Unpinned: "warning", Compression: "gzip", Keep: 30, Deploy: defaultDeploy(), Bot: defaultBot()}
}

// software reads the key of that name.
func (r *reader) software(n *yaml.Node, at string, s *Software) {
	var names botNames
	var install []placed
	fields := slices.Concat(r.softwareSet(s, &install), r.softwareBuilds(s), []field{{
		key:  "deploy",
		says: says{"mapping", "", schemaMapping, "How the projects get into production, for `pinwheel deploy`. Without it nothing is deployed"},
		read: func(n *yaml.Node, at string) { r.deploy(n, at, &s.Deploy) },
	}, {
		key:  "bot",
		says: says{"mapping", "", schemaMapping, "What comments on merge requests of the set may ask for; see [bot.md](bot.md)"},
		read: func(n *yaml.Node, at string) { r.bot(n, at, &s.Bot, &names) },
	}})
	r.mapping(n, at, fields)
	r.needBuilds(n, at, s)
	s.Deploy.settle(s)
	r.botMembers(s, names)
	if len(s.Data) == 0 {
		return // a variable names them
	}
	for _, i := range install {
		if !slices.ContainsFunc(s.Data, func(entry string) bool { return lastPart(entry) == i.text }) {
			r.fail(i.node, i.at, "%s is none of software.data: add it there, or remove it here", i.text)
		}
	}
}

// lastPart is the name of a project of an entry, without its group and its ref.
func lastPart(entry string) string {
	name, _, _ := strings.Cut(entry, "@")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// installed reads the names of data projects that are packages, too.
func (r *reader) installed(n *yaml.Node, at string, s *Software, names *[]placed) {
	s.Install = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
		name := lastPart(text)
		switch {
		case !entryText.MatchString(name):
			r.fail(n, at, "%q is not the name of a project: write one such as kpet-db", text)
		case name != text:
			r.fail(n, at, "%q is not the last part of a project's path: write %s", text, name)
		default:
			*names = append(*names, placed{n, at, text})
		}
	})
}

// entries reads names of projects.
func (r *reader) entries(into *[]string) func(n *yaml.Node, at string) {
	return func(n *yaml.Node, at string) {
		*into = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
			if !entryText.MatchString(text) || strings.Contains(text, "..") {
				r.fail(n, at, "%q is not the name of a project: write cki-lib, group/project or group/project@ref", text)
			}
		})
	}
}

// matching reads a text of a form.
func (r *reader) matching(n *yaml.Node, at string, form *regexp.Regexp, what string) string {
	text := r.text(n, at)
	if text != "" && !form.MatchString(text) {
		r.fail(n, at, "%q is not %s", text, what)
	}
	return text
}

// softwareSet are the keys that say what is in the set.
func (r *reader) softwareSet(s *Software, install *[]placed) []field {
	return []field{
		{
			key:  "packages",
			says: says{"list of names", "", schemaEntries, "The Python packages: `cki-lib`, `group/project` or either with `@ref`. The variable `GITLAB_COM_PACKAGES` replaces this key"},
			read: r.entries(&s.Packages),
		},
		{
			key:  "data",
			says: says{"list of names", "", schemaEntries, "The projects whose files jobs read, in the same form. The variable `DATA_PROJECTS` replaces this key"},
			read: r.entries(&s.Data),
		},
		{
			key:  "install",
			says: says{"list of names", "", schemaLast, "Those of `data` that are Python packages, too, by the last part of their paths: pip installs these as well"},
			read: func(n *yaml.Node, at string) { r.installed(n, at, s, install) },
		},
		{
			key:  "namespace",
			says: says{"path of a group", "", schemaGroup, "The group of names that name none; by default the namespace of the project whose pipeline runs"},
			read: func(n *yaml.Node, at string) {
				s.Namespace = r.matching(n, at, groupText, "the path of a group: write one such as cki-project")
			},
		},
		{
			key:  "ref",
			says: says{"branch or tag", "production", `{"type":"string","pattern":"^[^\\s~^:?*\\[\\\\-][^\\s~^:?*\\[\\\\]*$","not":{"pattern":"\\.\\."}}`, "The branch or tag that is locked for names without `@ref`"},
			read: func(n *yaml.Node, at string) {
				s.Ref = r.text(n, at)
				if strings.ContainsAny(s.Ref, " ~^:?*[\\") || strings.Contains(s.Ref, "..") || strings.HasPrefix(s.Ref, "-") {
					r.fail(n, at, "%q is not the name of a branch or a tag: write one such as production", s.Ref)
				}
			},
		},
		{
			key:  "constraints",
			says: says{"path", "", schemaText, "The constraints file, relative to the working directory. Without this key the constraints come from a variable"},
			read: func(n *yaml.Node, at string) { s.Constraints = r.text(n, at) },
		},
		{
			key:  "constraints_variable",
			says: says{"name of a variable", "PYTHON_CONSTRAINTS", schemaVariable, "The variable that holds the constraints, as a derived file sets it"},
			read: func(n *yaml.Node, at string) {
				s.ConstraintsVariable = r.matching(n, at, variableText, "the name of a variable: write letters, digits and _ alone")
			},
		},
		{
			key:  "overrides",
			says: says{"mapping", "", schemaMapping, "What variables such as `cki_lib_pip_url` may replace a member of the set with"},
			read: func(n *yaml.Node, at string) {
				r.mapping(n, at, []field{{
					key:  "allowed",
					says: says{"list of hosts and namespaces", "", schemaAllowed, "The hosts and namespaces whose repositories are allowed, `gitlab.com/group`; by default the `namespace` on this GitLab. An empty list allows none"},
					read: func(n *yaml.Node, at string) {
						s.Allowed = r.texts(n, at, 0, func(n *yaml.Node, at, text string) {
							if !allowedText.MatchString(text) {
								r.fail(n, at, "%q is neither a host nor a namespace: write gitlab.example.com or gitlab.example.com/group", text)
							}
						})
					},
				}})
			},
		},
	}
}

// softwareBuilds are the keys that say what is made of the set.
func (r *reader) softwareBuilds(s *Software) []field {
	return []field{
		{
			key:  "path",
			says: says{"absolute path", "/opt/pinwheel", schemaRoot, "The folder of the set in every job. It holds the virtual environment, `venv`, and the data, `data/NAME`"},
			read: func(n *yaml.Node, at string) {
				s.Path = r.matching(n, at, rootText, "a path that a set can be unpacked to: write an absolute one of letters, digits, ., _, + and -, such as /opt/pinwheel")
				if s.Path != "" && path.Clean(s.Path) != s.Path {
					r.fail(n, at, "%q is not written out: write %s", s.Path, path.Clean(s.Path))
				}
			},
		},
		{
			key:  "images",
			says: says{"list of mappings", "", schemaMappings, "The images of the pipeline. Each gets a build of its own"},
			read: func(n *yaml.Node, at string) {
				lines := map[string]int{}
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					i := r.softwareImage(n, at)
					if first := lines[i.Name]; first > 0 && i.Name != "" {
						r.fail(n, below(at, "name"), "%s is in the list already, at line %d: keep one of the two", i.Name, first)
					}
					lines[i.Name] = n.Line
					s.Images = append(s.Images, i)
				})
			},
		},
		{
			key:  "unpinned",
			says: says{"choice", "warning", `{"enum":["warning","error"]}`, "What an installed package without a pin is to `prepare build`: a `warning`, or an `error` by which it fails"},
			read: func(n *yaml.Node, at string) { s.Unpinned = r.choice(n, at, "warning", "error") },
		},
		{
			key:  "compression",
			says: says{"choice", "gzip", `{"enum":["gzip","zstd"]}`, "How a build is packed: `gzip`, which every image can unpack, or `zstd`, for which a job's image needs the program of that name"},
			read: func(n *yaml.Node, at string) { s.Compression = r.choice(n, at, "gzip", "zstd") },
		},
		{
			key:  "registry",
			says: says{"mapping", "", `{"@":"","minProperties":1,"maxProperties":1}`, "Where builds are kept by key. Without it none are kept"},
			read: r.softwareRegistry(s),
		},
		{
			key:  "keep",
			says: says{"number of days, 1 to 3650", "30", `{"type":"integer","minimum":1,"maximum":3650}`, "How old a kept build may become. The newest of each image without an override stays"},
			read: func(n *yaml.Node, at string) { s.Keep = r.number(n, at, 1, 3650) },
		},
	}
}

func (r *reader) softwareImage(n *yaml.Node, at string) SoftwareImage {
	i := SoftwareImage{Python: "python3"}
	r.mapping(n, at, []field{
		{
			key: "name", required: true, example: "builder",
			says: says{"name", "", schemaImage, "Its name in file names and commands"},
			read: func(n *yaml.Node, at string) {
				i.Name = r.matching(n, at, imageText, "a name for an image: write small letters, digits, ., _ and - alone")
				if i.Name == "software.lock" {
					r.fail(n, at, "software.lock is the name of the lock's own file: name the image otherwise")
				}
			},
		},
		{
			key:  "image",
			says: says{"image", "", schemaText, "The reference of the image, best by digest; it is part of the key"},
			read: func(n *yaml.Node, at string) { i.Image = r.text(n, at) },
		},
		{
			key:  "python",
			says: says{"command or path", "python3", schemaText, "Its interpreter"},
			read: func(n *yaml.Node, at string) { i.Python = r.text(n, at) },
		},
	})
	return i
}

func (r *reader) softwareRegistry(s *Software) func(n *yaml.Node, at string) {
	return func(n *yaml.Node, at string) {
		r.mapping(n, at, []field{
			{
				key:  "project",
				says: says{"path of a project", "", schemaProject, "A project on this GitLab; builds are in its generic package registry"},
				read: func(n *yaml.Node, at string) { s.Registry.Project = r.projectPath(n, at) },
			},
			{
				key:  "folder",
				says: says{"path", "", schemaText, "A folder that all builders share"},
				read: func(n *yaml.Node, at string) { s.Registry.Folder = r.text(n, at) },
			},
		})
		if s.Registry.Project != "" && s.Registry.Folder != "" {
			r.fail(n, at, "builds are kept in a project or in a folder: keep one of the two")
		}
	}
}
