package config

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// Deploy is how the projects of the software get into production. Nothing is deployed
// where Sets names no project.
type Deploy struct {
	Sets        SetsPlace
	Branch      string // of each project, which deployments move
	Environment string
	Constraints string // the project that keeps the constraints; "" for none
	// ConstraintsFiles are the files of that project which a lock has to be made under, and
	// which a rollback of a set brings in line on its default branch.
	ConstraintsFiles []string
	BuildFirst       bool
	TokenFile        string

	built *bool // what build_first says; nil: nothing
}

// SetsPlace is where sets and holds are kept.
type SetsPlace struct{ Project, Branch, Folder string }

// Configured reports whether there is anything to deploy with.
func (d Deploy) Configured() bool { return d.Sets.Project != "" }

const (
	schemaBranch = `{"type":"string","pattern":"^[^\\s~^:?*\\[\\\\-][^\\s~^:?*\\[\\\\]*$","not":{"pattern":"\\.\\.|//|/$|\\.$|@\\{|\\.lock$"}}`
	schemaFolder = `{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"}`
)

func defaultDeploy() Deploy {
	return Deploy{Sets: SetsPlace{Folder: "deployments"}, Branch: "production", Environment: "production", ConstraintsFiles: []string{"constraints.txt", "pipeline/constraints.yml"}}
}

// settle works out what build_first is where nothing says so: it is on where builds of
// images are kept.
func (d *Deploy) settle(s *Software) {
	kept := len(s.Images) > 0 && (s.Registry.Project != "" || s.Registry.Folder != "")
	if d.BuildFirst = kept; d.built != nil {
		d.BuildFirst = *d.built
	}
	d.built = nil
}

// deploy reads the key of that name.
func (r *reader) deploy(n *yaml.Node, at string, d *Deploy) {
	branch := func(n *yaml.Node, at string) string {
		text := r.text(n, at)
		bad := strings.ContainsAny(text, "~^:?*[\\") || strings.ContainsFunc(text, unicode.IsSpace) || strings.HasPrefix(text, "-")
		for _, part := range []string{"..", "//", "@{"} {
			bad = bad || strings.Contains(text, part)
		}
		for _, end := range []string{"/", ".", ".lock"} {
			bad = bad || strings.HasSuffix(text, end)
		}
		if bad {
			r.fail(n, at, "%q is not the name of a branch: write one such as production", text)
		}
		return text
	}
	r.mapping(n, at, []field{
		{
			key: "sets", required: true, example: "{project: group/project}",
			says: says{"mapping", "", schemaMapping, "Where sets and holds are kept. Whoever may write there decides what a rollback goes to"},
			read: func(n *yaml.Node, at string) {
				r.mapping(n, at, []field{
					{
						key: "project", required: true, example: "group/project",
						says: says{"path of a project", "", schemaProject, "A project on this GitLab"},
						read: func(n *yaml.Node, at string) { d.Sets.Project = r.projectPath(n, at) },
					},
					{
						key:  "branch",
						says: says{"branch", "", schemaBranch, "Its branch; by default the default branch"},
						read: func(n *yaml.Node, at string) { d.Sets.Branch = branch(n, at) },
					},
					{
						key:  "folder",
						says: says{"path in the repository", "deployments", schemaFolder, "The folder of the files"},
						read: func(n *yaml.Node, at string) {
							d.Sets.Folder = r.matching(n, at, groupText, "the path of a folder: write one such as deployments")
							if strings.Contains(d.Sets.Folder, "..") {
								r.fail(n, at, "%q is not the path of a folder: write one such as deployments", d.Sets.Folder)
							}
						},
					},
				})
			},
		},
		{
			key:  "branch",
			says: says{"branch", "production", schemaBranch, "The branch of each project that deployments move"},
			read: func(n *yaml.Node, at string) { d.Branch = branch(n, at) },
		},
		{
			key:  "environment",
			says: says{"name", "production", schemaText, "The environment of each project whose page shows the deployments"},
			read: func(n *yaml.Node, at string) { d.Environment = r.text(n, at) },
		},
		{
			key:  "constraints",
			says: says{"path of a project", "", schemaProject, "The project that keeps the constraints. Its production is part of every set"},
			read: func(n *yaml.Node, at string) { d.Constraints = r.projectPath(n, at) },
		},
		{
			key: "constraints_files",
			says: says{"list of paths", "[constraints.txt, pipeline/constraints.yml]", `{"type":"array","minItems":1,"items":` + schemaFile + `}`,
				"Its files. `build_first` compares the constraints of the lock with them, and after a rollback of a set a merge request brings them in line on the default branch"},
			read: func(n *yaml.Node, at string) {
				d.ConstraintsFiles = nil
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					d.ConstraintsFiles = append(d.ConstraintsFiles, r.filePath(n, at, "constraints.txt"))
				})
			},
		},
		{
			key:  "build_first",
			says: says{"boolean", "", schemaBoolean, "Deploy only a set whose build is kept for every image. By default `true` where `images` and `registry` are there"},
			read: func(n *yaml.Node, at string) { d.built = new(r.boolean(n, at)) },
		},
		{
			key:  "token_file",
			says: says{"path", "", schemaText, "A file with the token of deployments, if `PINWHEEL_DEPLOY_TOKEN` is not set"},
			read: func(n *yaml.Node, at string) { d.TokenFile = r.text(n, at) },
		},
	})
}

// needBuilds refuses build_first where nothing is built or kept.
func (r *reader) needBuilds(n *yaml.Node, at string, s *Software) {
	kept := len(s.Images) > 0 && (s.Registry.Project != "" || s.Registry.Folder != "")
	if s.Deploy.built != nil && *s.Deploy.built && !kept {
		r.fail(n, below(at, "deploy.build_first"), "there is nothing to be built first: add images and registry below software, or remove build_first")
	}
}

// deployVariable holds the token of deployments.
const deployVariable = "PINWHEEL_DEPLOY_TOKEN"

// DeployToken reads the token of deployments: from PINWHEEL_DEPLOY_TOKEN if env has it,
// else from software.deploy.token_file. No other token takes its place.
func (c *Config) DeployToken(env func(string) string) (Secret, error) {
	if text := env(deployVariable); text != "" {
		return secret(text, "the environment variable "+deployVariable)
	}
	if c.Software.Deploy.TokenFile == "" {
		return Secret{}, fmt.Errorf("no token for deployments: set %s or software.deploy.token_file in %s; no other token may move production", deployVariable, c.Path)
	}
	return secretFile(c.Software.Deploy.TokenFile, "software.deploy.token_file")
}
