package config

import (
	"time"

	"go.yaml.in/yaml/v4"
)

// top is what the keys of the top level say that is joined once all are read.
type top struct {
	short, list, projects *yaml.Node // index, indexes and projects; nil if they are absent
	bounded               bool       // max_new_per_run is there
	floor                 floors
	shared                Layer // defaults
}

// topKeys are the keys of the top level.
func (r *reader) topKeys(c *Config, t *top) []field {
	return []field{
		{
			key:  "gitlab",
			says: says{"mapping", "", schemaMapping, "Where GitLab is"},
			read: func(n *yaml.Node, at string) { r.gitlab(n, at, &c.GitLab) },
		},
		{
			key: "index",
			says: says{"mapping", "", `{"@":"","dependentRequired":{"password_file":["username"]},"anyOf":[{"required":["url"]},{"required":["concurrency"],"maxProperties":1}]}`,
				"A short form for one index. Beside `indexes` it can hold only `concurrency`"},
			read: func(n *yaml.Node, _ string) { t.short = n },
		},
		{
			key: "indexes",
			says: says{"list of mappings", "[{name: pypi, url: https://pypi.org/simple/}]", `{"type":"array","minItems":1,"items":{"@":"","dependentRequired":{"password_file":["username"]}}}`,
				"The package indexes; the first whose patterns match a name owns it"},
			read: func(n *yaml.Node, _ string) { t.list = n },
		},
		{
			key: "store",
			says: says{"path or address", "pinwheel.db", `{"type":"string","minLength":1,"pattern":"^\\S(.*\\S)?$","anyOf":[{"pattern":"^postgres(ql)?://"},{"not":{"pattern":"://"}}]}`,
				"The SQLite file, or the address of a database of PostgreSQL, `postgres://USER@HOST/DATABASE`, without a password ([service.md](service.md#a-database-on-a-server)). " +
					"If it is lost, the history is gone and nothing is done twice"},
			read: func(n *yaml.Node, at string) { c.Store = r.store(n, at) },
		},
		{
			key: "store_password_file",
			says: says{"path", "", schemaText,
				"The file with the password of `store`, if `PINWHEEL_STORE_PASSWORD` does not hold it. It is read again for each connection"},
			read: func(n *yaml.Node, at string) { c.StorePasswordFile = r.text(n, at) },
		},
		{
			key: "audit_file",
			says: says{"path", "", schemaText,
				"A file to which each line of the audit is added, as `pinwheel audit --json` prints it. An effect whose line cannot be written is not carried out"},
			read: func(n *yaml.Node, at string) { c.AuditFile = r.text(n, at) },
		},
		{
			key: "audit_keep",
			says: says{"number of days, 90 to 36500", "", `{"type":"integer","minimum":90,"maximum":36500}`,
				"How long entries of the audit stay in the database; without this key for good. `run` and `serve` remove older ones, and `pinwheel audit` says how many. What people refused and what was merged stays in any case"},
			read: func(n *yaml.Node, at string) {
				c.AuditKeep = time.Duration(r.number(n, at, 90, 36500)) * 24 * time.Hour
			},
		},
		{
			key: "ca_file",
			says: says{"path", "", schemaText,
				"A file of certificates (PEM) that are trusted beside those of the system, for a GitLab or an index with a certificate authority of your own"},
			read: func(n *yaml.Node, at string) { c.CAFile = r.text(n, at) },
		},
		{
			key:  "release_notes",
			says: says{"mapping", "", schemaMapping, "Where release notes are read that merge requests quote; see [release notes](#release-notes)"},
			read: func(n *yaml.Node, at string) { r.releaseNotes(n, at, &c.ReleaseNotes) },
		},
		{
			key: "schedule",
			says: says{"name or cron spec", "\"@hourly\"", `{"type":"string","pattern":"^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(\\S+ +){4}\\S+)$"}`,
				"When projects are looked at, in UTC: `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` or five fields. " +
					"`serve` spreads the starts evenly over the time to the next look, over an hour at most. While a window is open, it " +
					"spreads them over no more than what is left of it"},
			read: func(n *yaml.Node, at string) { c.Schedule = r.schedule(n, at) },
		},
		{
			key: "runs_at_once",
			says: says{"number, 1 to 64", "4", schemaUpTo64,
				"How many projects `run` and `serve` look at at the same time. Without this key `run` looks at 16. With `max_new_per_run`, `run` takes one after the other"},
			read: func(n *yaml.Node, at string) { c.AtOnce, c.AtOnceGiven = r.number(n, at, 1, 64), true },
		},
		{
			key: "max_new_per_run",
			says: says{"number, 0 to 1000", "0", schemaUpTo1000,
				"How many merge requests one run opens over all projects without being asked; `0` for no bound. With `discover` the default is 10. An hour of `serve` counts as one run, of all its processes on one database together"},
			read: func(n *yaml.Node, at string) { c.MaxNew, t.bounded = r.number(n, at, 0, 1000), true },
		},
		{
			key:  "listen",
			says: says{"mapping", "", schemaMapping, "Where `serve` answers who asks from outside; see [service.md](service.md)"},
			read: func(n *yaml.Node, at string) { r.listen(n, at, &c.Listen) },
		},
		{
			key:  "limits",
			says: says{"mapping", "", schemaMapping, "What strangers' pages, releases and files may cost a run; see [limits](#limits)"},
			read: func(n *yaml.Node, at string) { r.limits(n, at, &c.Limits) },
		},
		{
			key:  "enforce",
			says: says{"mapping", "", schemaMapping, "The least that every project has to keep to; see [floors](#floors)"},
			read: func(n *yaml.Node, at string) { t.floor = r.enforce(n, at) },
		},
		{
			key:  "defaults",
			says: says{"mapping", "{}", schemaMapping, "Keys of a project, except `path`, for the projects that do not set them"},
			read: func(n *yaml.Node, at string) { t.shared = r.layer(n, at) },
		},
		{
			key:  "software",
			says: says{"mapping", "", schemaMapping, "One set of software for every job of a pipeline, for `pinwheel prepare`"},
			read: func(n *yaml.Node, at string) { r.software(n, at, &c.Software) },
		},
		{
			key:  "discover",
			says: says{"mapping or list of them", "", schemaDiscover, "Which projects are found on GitLab beside those of `projects`; see [discovery](#discovery)"},
			read: func(n *yaml.Node, at string) { c.Discover = r.discover(n, at) },
		},
		{
			key: "projects", required: true, unless: "software discover", example: "[{path: group/project}]",
			says: says{"list of mappings", "", schemaMappings, "The projects, each once"},
			read: func(n *yaml.Node, _ string) { t.projects = n },
		},
	}
}
