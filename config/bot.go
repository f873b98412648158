package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file reads software.bot: which pipelines a comment on a merge request of a
// package may ask for, by whose word, and with what.

// Bot is what comments may ask for. Nothing is answered where it has no projects.
type Bot struct {
	Role     plan.Role // the least of those who may ask
	ForkRole plan.Role // the least where the merge request comes from a fork
	// AtOnce and PerPerson bound the pipelines under way for a project, and for one
	// person in it.
	AtOnce, PerPerson int
	Marks             []plan.Variable // that every pipeline has and no comment sets
	Allow             []string        // variables that a comment may set
	Welcome           string          // of projects without a text of their own
	TokenFile         string          // with the token of the bot; "" where pinwheel's own is used
	Pipelines         []BotPipeline
	Projects          []BotProject
}

// BotPipeline is a pipeline that can be asked for.
type BotPipeline struct {
	At                string // where it is written, "pinwheel.yaml:31"
	Name, Description string
	Pipeline          plan.PipelineSpec
	Inputs            bool // overrides and what a comment sets are inputs, not variables
}

// BotProject is a member of the set whose merge requests have the bot.
type BotProject struct {
	At        string
	Name      string   // as a list of the set has it, without @ref
	Override  string   // the variable that replaces it, "" for that of its name
	Pipelines []string // that can be asked for; nil: all
	Default   []string // that run where none is named
	Welcome   string   // "" is the bot's
}

// What the bot has where nothing is written.
const (
	botAtOnce    = 10
	botPerPerson = 3
)

const (
	schemaBotVars    = `{"type":"object","minProperties":1,"propertyNames":{"pattern":"^[A-Za-z_][A-Za-z0-9_]{0,254}$","not":{"pattern":"_[pP][iI][pP]_[uU][rR][lL]$|^PINWHEEL_OPERATION$"}},"additionalProperties":{"type":"string"}}`
	schemaBotAllow   = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z_][A-Za-z0-9_]{0,254}$","not":{"pattern":"_[pP][iI][pP]_[uU][rR][lL]$|^(CI|GITLAB|PINWHEEL)_"}}}`
	schemaBotWelcome = `{"type":"string","minLength":1,"maxLength":4000}`
	schemaOneLine    = `{"type":"string","minLength":1,"maxLength":200,"pattern":"^\\S(.*\\S)?$"}`
	schemaMember     = `{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"}`
)

// fixedName finds names of variables that no comment sets, whatever is allowed.
var fixedName = regexp.MustCompile(`(?i)_pip_url$|^(CI|GITLAB|PINWHEEL)_`)

// defaultBot is what holds without keys.
func defaultBot() Bot {
	return Bot{Role: plan.Developer, ForkRole: plan.Developer, AtOnce: botAtOnce, PerPerson: botPerPerson}
}

// botNames are names of the bot's configuration, with where they stand, which are
// looked at once everything is read.
type botNames struct {
	projects, pipelines []placed
	fallback            []string // default
	node                *yaml.Node
}

// placed is a text with its place in the file.
type placed struct {
	node     *yaml.Node
	at, text string
}

func (r *reader) bot(n *yaml.Node, at string, b *Bot, names *botNames) {
	names.node = n
	b.ForkRole = plan.NoRole
	r.mapping(n, at, append(r.botRules(b), r.botLists(b, names)...))
	switch {
	case b.Projects != nil && b.Pipelines == nil:
		r.fail(n, below(at, "pipelines"), "the key is missing: add it, such as pipelines: [{name: baseline, project: group/pipelines, ref: main}]")
	case b.Pipelines != nil && b.Projects == nil:
		r.fail(n, below(at, "projects"), "the key is missing: add it, such as projects: [{name: cki-lib}]")
	}
	if b.ForkRole == plan.NoRole {
		b.ForkRole = b.Role
	}
	for i := range b.Projects {
		if b.Projects[i].Default == nil {
			b.Projects[i].Default = names.fallback
		}
	}
	for _, v := range b.Allow {
		if slices.ContainsFunc(b.Marks, func(m plan.Variable) bool { return m.Name == v }) {
			r.fail(n, below(at, "allow"), "%s is one of marks, which no comment sets: remove it from one of the two", v)
		}
	}
}

// botRules are the keys that say who may ask, and within which bounds.
func (r *reader) botRules(b *Bot) []field {
	return []field{
		{
			key:  "role",
			says: says{"`planner`, `reporter`, `developer`, `maintainer`", "developer", schemaRevertRole, "The least role in the package's project of those whose comments start pipelines"},
			read: func(n *yaml.Node, at string) { b.Role = r.revertRole(n, at) },
		},
		{
			key:  "fork_role",
			says: says{"`planner`, `reporter`, `developer`, `maintainer`", "", schemaRevertRole, "The least role where the merge request comes from a fork; by default `role`"},
			read: func(n *yaml.Node, at string) { b.ForkRole = r.revertRole(n, at) },
		},
		{
			key:  "at_once",
			says: says{"number, 1 to 100", "10", `{"type":"integer","minimum":1,"maximum":100}`, "How many pipelines may be under way for the merge requests of one project"},
			read: func(n *yaml.Node, at string) { b.AtOnce = r.number(n, at, 1, 100) },
		},
		{
			key:  "per_person",
			says: says{"number, 1 to 100", "3", `{"type":"integer","minimum":1,"maximum":100}`, "How many of these one person may have asked for"},
			read: func(n *yaml.Node, at string) { b.PerPerson = r.number(n, at, 1, 100) },
		},
		{
			key:  "token_file",
			says: says{"path", "", schemaText, "A file with a token of its own, if `PINWHEEL_BOT_TOKEN` is not set; by default pinwheel's own token is used"},
			read: func(n *yaml.Node, at string) { b.TokenFile = r.text(n, at) },
		},
		{
			key:  "marks",
			says: says{"mapping", "", schemaBotVars, "Variables, or inputs, that mark each pipeline as a test, such as `CKI_DEPLOYMENT_ENVIRONMENT: retrigger`. No comment sets them"},
			read: func(n *yaml.Node, at string) {
				b.Marks = r.variables(n, at)
				for i, v := range b.Marks {
					if strings.HasSuffix(strings.ToLower(v.Name), "_pip_url") {
						r.fail(target(n.Content[2*i]), below(at, v.Name), "a variable of that name overrides a package: use another name")
					}
				}
			},
		},
		{
			key:  "allow",
			says: says{"list of names", "", schemaBotAllow, "Variables, or inputs, that a comment may set with `key=value`"},
			read: func(n *yaml.Node, at string) {
				b.Allow = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
					if r.variableName(n, at, text) && fixedName.MatchString(text) {
						r.fail(n, at, "%s is not a variable that a comment may set: name one without _pip_url at its end and CI_, GITLAB_ or PINWHEEL_ before it", text)
					}
				})
			},
		},
	}
}

// botVariable holds the token of the bot.
const botVariable = "PINWHEEL_BOT_TOKEN"

// BotToken reads the token of the bot: from PINWHEEL_BOT_TOKEN if env has it, else from
// software.bot.token_file. Without either it is the zero Secret: then pinwheel's own token
// is used. It never tells what it read.
func (c *Config) BotToken(env func(string) string) (Secret, error) {
	if text := env(botVariable); text != "" {
		return secret(text, "the environment variable "+botVariable)
	}
	if c.Software.Bot.TokenFile == "" {
		return Secret{}, nil
	}
	return secretFile(c.Software.Bot.TokenFile, "software.bot.token_file")
}

// BotApart reports whether the bot has a token of its own.
func (c *Config) BotApart(env func(string) string) bool {
	return env(botVariable) != "" || c.Software.Bot.TokenFile != ""
}

// botLists are the keys that say what can be asked for, and where.
func (r *reader) botLists(b *Bot, names *botNames) []field {
	return []field{
		{
			key:  "welcome",
			says: says{"text", "", schemaBotWelcome, "What stands at the top of the comment on each merge request, as GitLab Markdown"},
			read: func(n *yaml.Node, at string) { b.Welcome = r.welcome(n, at) },
		},
		{
			key:  "pipelines",
			says: says{"list of mappings", "", schemaMappings, "The pipelines that can be asked for, each once"},
			read: func(n *yaml.Node, at string) {
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					p := r.botPipeline(n, at)
					if slices.ContainsFunc(b.Pipelines, func(o BotPipeline) bool { return o.Name == p.Name && p.Name != "" }) {
						r.fail(n, below(at, "name"), "there is a pipeline %q already: give it another name", p.Name)
					}
					b.Pipelines = append(b.Pipelines, p)
				})
			},
		},
		{
			key:  "default",
			says: says{"list of names", "", schemaGateNames, "The pipelines that run where a comment names none"},
			read: r.botPipelineNames(&names.fallback, names),
		},
		{
			key:  "projects",
			says: says{"list of mappings", "", schemaMappings, "The members of the set whose merge requests have the bot"},
			read: func(n *yaml.Node, at string) {
				lines := map[string]int{}
				r.list(n, at, 1, func(n *yaml.Node, at string) {
					p := r.botProject(n, at, names)
					if first := lines[p.Name]; first > 0 && p.Name != "" {
						r.fail(n, below(at, "name"), "%s is in the list already, at line %d: keep one of the two", p.Name, first)
					}
					lines[p.Name] = n.Line
					b.Projects = append(b.Projects, p)
				})
			},
		},
	}
}

func (r *reader) botPipeline(n *yaml.Node, at string) BotPipeline {
	p := BotPipeline{At: fmt.Sprintf("%s:%d", r.short, n.Line)}
	overrides := ""
	fields := []field{
		{
			key: "name", required: true, example: "baseline",
			says: says{"text", "", schemaGateName, "What it is called in comments, and as the commit status `pinwheel-bot/NAME`"},
			read: func(n *yaml.Node, at string) {
				p.Name = r.matching(n, at, gateName, "the name of a pipeline: write up to 60 letters, digits, ., _ and -")
				if slices.Contains([]string{"with", "test", "help", "cancel", "retry", "status"}, p.Name) {
					r.fail(n, at, "%q is a word of commands: use another name", p.Name)
				}
			},
		},
		{
			key:  "description",
			says: says{"text of one line", "", schemaOneLine, "What it is, for the comment on each merge request"},
			read: func(n *yaml.Node, at string) { p.Description = r.text(n, at) },
		},
	}
	fields = append(fields, r.pipeline(&p.Pipeline)...)
	fields = append(fields, field{
		key:  "overrides",
		says: says{"`inputs`, `variables`", "", `{"enum":["inputs","variables"]}`, "Whether overrides (`cki_lib_pip_url`), marks and what a comment sets are inputs or variables of it; by default inputs, and variables where it has `variables` or `like`"},
		read: func(n *yaml.Node, at string) { overrides = r.choice(n, at, "inputs", "variables") },
	})
	r.mapping(n, at, fields)
	// What sets variables anyway needs the right to do so anyway.
	p.Inputs = overrides == "inputs" || overrides == "" && len(p.Pipeline.Variables) == 0 && p.Pipeline.Like.Ref == ""
	return p
}

func (r *reader) botProject(n *yaml.Node, at string, names *botNames) BotProject {
	p := BotProject{At: fmt.Sprintf("%s:%d", r.short, n.Line)}
	r.mapping(n, at, []field{
		{
			key: "name", required: true, example: "cki-lib",
			says: says{"name of a project", "", schemaMember, "Its name as it stands in `packages` or `data`, without `@ref`"},
			read: func(n *yaml.Node, at string) {
				p.Name = r.matching(n, at, groupText, "the name of a project: write cki-lib or group/project")
				names.projects = append(names.projects, placed{n, at, p.Name})
			},
		},
		{
			key:  "override",
			says: says{"name of a variable", "", schemaVariable, "The variable, or input, that replaces it; by default its name with underscores and `_pip_url` behind it"},
			read: func(n *yaml.Node, at string) {
				p.Override = r.matching(n, at, variableText, "the name of a variable: write letters, digits and _ alone")
			},
		},
		{
			key:  "pipelines",
			says: says{"list of names", "", schemaGateNames, "The pipelines that can be asked for here; by default all"},
			read: r.botPipelineNames(&p.Pipelines, names),
		},
		{
			key:  "default",
			says: says{"list of names", "", schemaGateNames, "The pipelines that run where a comment names none; by default those of the bot"},
			read: r.botPipelineNames(&p.Default, names),
		},
		{
			key:  "welcome",
			says: says{"text", "", schemaBotWelcome, "Its own text in place of the bot's"},
			read: func(n *yaml.Node, at string) { p.Welcome = r.welcome(n, at) },
		},
	})
	if p.Pipelines != nil {
		for _, name := range p.Default {
			if !slices.Contains(p.Pipelines, name) {
				r.fail(n, below(at, "default"), "%q cannot be asked for here: add it to pipelines, or remove it from default", name)
			}
		}
	}
	return p
}

func (r *reader) botPipelineNames(into *[]string, names *botNames) func(n *yaml.Node, at string) {
	return func(n *yaml.Node, at string) {
		*into = r.texts(n, at, 1, func(n *yaml.Node, at, text string) {
			names.pipelines = append(names.pipelines, placed{n, at, text})
		})
	}
}

// welcome reads a text of several lines. It may mention people and hold links; a line
// that GitLab would obey is refused.
func (r *reader) welcome(n *yaml.Node, at string) string {
	text := strings.TrimRight(n.Value, "\n")
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || strings.TrimSpace(text) == "":
		r.fail(n, at, "%s: write it behind a | on lines of their own", not(n, "a text"))
	case len(text) > 4000:
		r.fail(n, at, "the text has %d bytes: write at most 4000", len(text))
	case strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && (c < ' ' || c == 0x7f) }):
		r.fail(n, at, "the text holds a control character: remove it")
	case strings.Contains(text, "<!--"):
		r.fail(n, at, "the text holds a hidden part (<!--): remove it")
	default:
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "/") {
				r.fail(n, at, "%q is a quick action, which GitLab would carry out as pinwheel's user: begin the line with another character", strings.TrimSpace(line))
				return ""
			}
		}
		return text
	}
	return ""
}

// botMembers checks the names of the bot against the set and its own pipelines.
func (r *reader) botMembers(s *Software, names botNames) {
	if names.node == nil {
		return
	}
	for _, p := range names.pipelines {
		if !slices.ContainsFunc(s.Bot.Pipelines, func(o BotPipeline) bool { return o.Name == p.text }) {
			r.fail(p.node, p.at, "there is no pipeline %q: name one of software.bot.pipelines", p.text)
		}
	}
	for _, p := range names.projects {
		if p.text != "" && !slices.ContainsFunc(slices.Concat(s.Packages, s.Data), func(entry string) bool {
			name, _, _ := strings.Cut(entry, "@")
			return name == p.text
		}) {
			r.fail(p.node, p.at, "%s is neither in software.packages nor in software.data: add it there, or remove it here", p.text)
		}
		if !strings.Contains(p.text, "/") && p.text != "" && s.Namespace == "" {
			r.fail(p.node, p.at, "%s has no namespace: set software.namespace, or write group/%s in both places", p.text, p.text)
		}
	}
	for _, p := range s.Bot.Pipelines {
		for _, v := range s.Bot.Allow {
			if slices.ContainsFunc(p.Pipeline.Variables, func(o plan.Variable) bool { return o.Name == v }) ||
				slices.ContainsFunc(p.Pipeline.Inputs, func(o plan.Input) bool { return o.Name == v }) {
				r.fail(names.node, "software.bot.allow", "%s is set by the pipeline %s, so no comment sets it: remove it from one of the two", v, p.Name)
			}
		}
	}
}
