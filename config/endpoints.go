package config

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"gitlab.com/cki-project/pinwheel/plan"
)

func (r *reader) gitlab(n *yaml.Node, at string, g *GitLab) {
	var where *yaml.Node
	r.mapping(n, at, []field{
		{
			key:  "url",
			says: says{"address", "https://gitlab.com", schemaAddress, "Its address"},
			read: func(n *yaml.Node, at string) { g.URL, where = r.url(n, at), n },
		},
		{
			key:  "token_file",
			says: says{"path", "", schemaText, "The file that holds the token, if the environment variable does not"},
			read: func(n *yaml.Node, at string) { g.TokenFile = r.text(n, at) },
		},
		{
			key:  "merge_token_file",
			says: says{"path", "", schemaText, "The file that holds a token of its own for merging, if the environment variable does not; see [merging](#merging)"},
			read: func(n *yaml.Node, at string) { g.MergeTokenFile = r.text(n, at) },
		},
		{
			key:  "allow_http",
			says: says{"boolean", "false", schemaBoolean, "Accept an `http` address; one of this machine is accepted in any case"},
			read: func(n *yaml.Node, at string) { g.AllowHTTP = r.boolean(n, at) },
		},
		{
			key: "rate",
			says: says{"number, 0 to 100000", "0", `{"type":"integer","minimum":0,"maximum":100000}`,
				"How many requests a minute pinwheel sends to GitLab's API in the long run, so that people and others have their share; `0` for no bound. In any case it waits when GitLab asks for that. Processes on one database of PostgreSQL do both together"},
			read: func(n *yaml.Node, at string) { g.Rate = r.number(n, at, 0, 100_000) },
		},
		{
			key: "former_users",
			says: says{"list of texts", "", schemaTexts,
				"Users whose tokens pinwheel had before, by username and by the name that their commits show: the dashboard, branches and merge requests that they wrote stay pinwheel's own"},
			read: func(n *yaml.Node, at string) { g.FormerUsers = r.texts(n, at, 1, func(*yaml.Node, string, string) {}) },
		},
	})
	g.URL = strings.TrimRight(g.URL, "/")
	if where != nil {
		r.encrypted(where, below(at, "url"), g.URL, g.AllowHTTP)
	}
}

// indexes reads the short form, the list, or neither. The short form's
// concurrency is for all of them.
func (r *reader) indexes(short, list *yaml.Node, concurrency *int) []Index {
	out := []Index{{Name: "pypi", URL: "https://pypi.org/simple/", Packages: []string{"*"}}}
	if short != nil {
		one := Index{Name: "index", Packages: []string{"*"}, source: plan.Source{File: r.short, Line: short.Line, Layer: plan.LayerConfiguration}}
		fields := append(r.index(&one), field{
			key:  "concurrency",
			says: says{"number, 1 to 64", "8", schemaUpTo64, "How many packages a run asks for at a time, of every index. Processes on one database of PostgreSQL ask for no more than that together, in all their runs"},
			read: func(n *yaml.Node, at string) {
				*concurrency = r.number(n, at, 1, 64)
			}})
		fields[0].says.standard = one.Name
		fields[1].says.text += "; required, unless `concurrency` stands alone"
		at := "index"
		r.mapping(short, at, fields)
		switch alone := onlyConcurrency(short); {
		case alone:
		case list != nil:
			r.fail(short, at, "there is a list of indexes too: keep one of the two, index then may hold concurrency alone")
		case one.URL == "":
			r.missing(short, at, fields[1])
		default:
			r.checkIndex(short, at, &one)
			out = []Index{one}
		}
	}
	if list == nil {
		return out
	}
	out = nil
	lines := map[string]int{}
	r.list(list, "indexes", 1, func(n *yaml.Node, at string) {
		one := Index{Packages: []string{"*"}, source: plan.Source{File: r.short, Line: n.Line, Layer: plan.LayerConfiguration}}
		fields := r.index(&one)
		fields[0].required, fields[1].required = true, true // name and url
		r.mapping(n, at, fields)
		r.checkIndex(n, at, &one)
		if first := lines[one.Name]; first > 0 && one.Name != "" {
			r.fail(n, below(at, "name"), "%s names an index already, at line %d: give this one another name", one.Name, first)
		}
		if i := slices.IndexFunc(out, func(o Index) bool { return slices.Contains(o.Packages, "*") }); i >= 0 {
			r.fail(n, at, "no package is left for this index, since %s before it takes all: move that one to the end", out[i].Name)
		}
		lines[one.Name] = n.Line
		out = append(out, one)
	})
	return out
}

// onlyConcurrency reports whether the short form names no index.
func onlyConcurrency(n *yaml.Node) bool {
	n = target(n)
	return n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "concurrency"
}

var indexName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (r *reader) index(i *Index) []field {
	return []field{
		{
			key:     "name",
			example: "pypi",
			says:    says{"name", "", `{"type":"string","pattern":"^[a-z0-9]+(-[a-z0-9]+)*$"}`, "Its name in messages and in the variable of its password: small letters, digits, dashes"},
			read: func(n *yaml.Node, at string) {
				i.Name = r.text(n, at)
				if i.Name != "" && !indexName.MatchString(i.Name) {
					r.fail(n, at, "%q is not a name for an index: write small letters, digits and single dashes", i.Name)
				}
			},
		},
		{
			key:     "url",
			example: "https://pypi.org/simple/",
			says:    says{"address", "", schemaAddress, "The base of its Simple API"},
			read:    func(n *yaml.Node, at string) { i.URL = r.url(n, at) },
		},
		{
			key: "packages",
			says: says{"list of patterns", "[\"*\"]", `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9._*?-]+$"}}`,
				"The names it owns, with `*` and `?`; spelling does not matter (`Acme_*` is `acme-*`)"},
			read: func(n *yaml.Node, at string) {
				i.Packages = r.texts(n, at, 1, r.pattern)
				for j, p := range i.Packages {
					i.Packages[j] = normalised(p)
				}
			},
		},
		{
			key:  "username",
			says: says{"text", "", schemaText, "For basic authentication; needs a password"},
			read: func(n *yaml.Node, at string) { i.Username = r.text(n, at) },
		},
		{
			key:  "password_file",
			says: says{"path", "", schemaText, "The file that holds the password, if the environment variable does not"},
			read: func(n *yaml.Node, at string) { i.PasswordFile = r.text(n, at) },
		},
		{
			key: "upload_times",
			says: says{"`required`, `ignore`", "required", `{"enum":["required","ignore"]}`,
				"Whether a release without an upload time is too young (`required`) or old enough (`ignore`)"},
			read: func(n *yaml.Node, at string) {
				i.IgnoreUploadTimes = r.choice(n, at, "required", "ignore") == "ignore"
			},
		},
		{
			key:  "allow_http",
			says: says{"boolean", "false", schemaBoolean, "Accept an `http` address; one of this machine is accepted in any case"},
			read: func(n *yaml.Node, at string) { i.AllowHTTP = r.boolean(n, at) },
		},
	}
}

// checkIndex judges what depends on more than one key.
func (r *reader) checkIndex(n *yaml.Node, at string, i *Index) {
	if i.URL != "" && !strings.HasSuffix(i.URL, "/") {
		i.URL += "/"
	}
	r.encrypted(value(n, "url"), below(at, "url"), i.URL, i.AllowHTTP)
	if i.PasswordFile != "" && i.Username == "" {
		r.fail(value(n, "password_file"), below(at, "username"), "a password needs a username: add it")
	}
}

// value is the node of n's key, or n itself, for its line.
func value(n *yaml.Node, key string) *yaml.Node {
	m := target(n)
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return n
}

var (
	patternText = regexp.MustCompile(`^[A-Za-z0-9._*?-]+$`)
	separators  = regexp.MustCompile(`[-_.]+`)
)

func (r *reader) pattern(n *yaml.Node, at, text string) {
	if !patternText.MatchString(text) {
		r.fail(n, at, "%q is not a pattern of package names: write a name, with * for any letters and ? for one", text)
	}
}

// normalised spells a pattern as the names it is matched with (PEP 503).
func normalised(pattern string) string {
	return strings.ToLower(separators.ReplaceAllString(pattern, "-"))
}

// store reads where the database is: a path, or an address without a password.
func (r *reader) store(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if scheme, _, is := strings.Cut(text, "://"); is && scheme != "postgres" && scheme != "postgresql" {
		r.fail(n, at, "%q is no database that pinwheel knows: write a path, or postgres://USER@HOST/DATABASE", scheme)
		return ""
	} else if !is {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		// The text may hold a password, so it is not repeated.
		r.fail(n, at, "this is not the address of a database: write postgres://USER@HOST/DATABASE")
		return ""
	}
	_, set := u.User.Password()
	for key := range u.Query() {
		set = set || strings.Contains(strings.ToLower(key), "password") && !strings.EqualFold(key, "passfile")
	}
	if set {
		r.fail(n, at, "the address holds a password: take it out, and set "+storeVariable+" or store_password_file")
		return ""
	}
	return text
}

// url reads an absolute http or https address without anything secret in it.
func (r *reader) url(n *yaml.Node, at string) string {
	text := r.text(n, at)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		// The text may hold a password, so it is not repeated.
		r.fail(n, at, "this is not an address: write one that starts with https://")
	case u.User != nil:
		r.fail(n, at, "the address holds a user or password: take it out, secrets come from the environment or a file")
	case u.RawQuery != "" || u.Fragment != "":
		r.fail(n, at, "the address goes on after its path: remove what follows ? or #")
	default:
		return text
	}
	return ""
}

// encrypted lets http pass to this machine, or where it is allowed.
func (r *reader) encrypted(n *yaml.Node, at, text string, allowed bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || allowed || loopback(u.Hostname()) {
		return
	}
	r.fail(n, at, "http sends everything unencrypted: write https, or set allow_http: true beside it")
}

// loopback takes names by their text, since a name server can say anything.
func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback() || host == "localhost"
}
