package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/cki-project/pinwheel/config"
)

// fileFlags are what the flags for a file on disk say in place of a configuration.
type fileFlags struct {
	index              string
	pythons, platforms []string
}

func (f fileFlags) given() bool {
	return f.index != "" || len(f.pythons)+len(f.platforms) > 0
}

// pipIndex is the index that pip would ask on this machine, and what names it.
type pipIndex struct {
	address, from string
}

// withoutConfig is the configuration for a file on disk where none is given: that of the
// flags, and the index that pip would ask. A password in the address goes to that index
// alone, by the variable that q has for it.
func (p *program) withoutConfig(f fileFlags) (c *config.Config, q *program, err error) {
	found := pipIndex{f.index, "--index"}
	if f.index == "" {
		found = p.pipIndex()
	}
	copied := *p
	var text strings.Builder
	if found.address != "" {
		u, err := url.Parse(found.address)
		if err != nil {
			return nil, nil, usage("%s is not an address: write one such as https://pypi.org/simple/", found.from)
		}
		fmt.Fprintf(&text, "index:\n  name: %s\n", fileIndex)
		if user := u.User; user != nil {
			u.User = nil
			fmt.Fprintf(&text, "  username: %q\n", user.Username())
			password, _ := user.Password()
			copied.env = func(name string) string {
				if name == "PINWHEEL_INDEX_"+strings.ToUpper(fileIndex)+"_PASSWORD" {
					return password
				}
				return p.env(name)
			}
		}
		fmt.Fprintf(&text, "  url: %q\n", u.String())
		if f.index == "" {
			fmt.Fprintf(p.err, "pinwheel: the index is %s, as %s says\n", printable(u.String()), found.from)
		}
	}
	text.WriteString("projects:\n  - path: the/file\n")
	if len(f.pythons) > 0 {
		fmt.Fprintf(&text, "    python: %s\n", quotedList(f.pythons))
	}
	if len(f.platforms) > 0 {
		fmt.Fprintf(&text, "    platforms: %s\n", quotedList(f.platforms))
	}
	c, err = config.Parse("the command line", []byte(text.String()))
	if wrong, ok := errors.AsType[config.Errors](err); ok && len(wrong) > 0 {
		return nil, nil, usage("%s: %s", flagOf(wrong[0].Key, found.from), wrong[0].Text)
	}
	return c, &copied, err
}

// flagOf is what set a key of the configuration that flags make.
func flagOf(key, index string) string {
	switch {
	case strings.Contains(key, "python"):
		return "--python"
	case strings.Contains(key, "platforms"):
		return "--platform"
	}
	return index
}

const fileIndex = "pip"

// quotedList is a list of texts as YAML.
func quotedList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// pipIndex looks where pip looks: at its variables, then at its files. More indexes than
// one are not asked, since pip takes a name from any of them, whoever put it there.
// https://pip.pypa.io/en/stable/topics/configuration/
func (p *program) pipIndex() pipIndex {
	found := pipIndex{p.env("PIP_INDEX_URL"), "PIP_INDEX_URL"}
	extra := p.env("PIP_EXTRA_INDEX_URL")
	extraFrom := "PIP_EXTRA_INDEX_URL"
	for _, file := range p.pipFiles() {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		settings := pipSettings(data)
		if found.address == "" && settings["index-url"] != "" {
			found = pipIndex{settings["index-url"], file}
		}
		if extra == "" {
			extra, extraFrom = settings["extra-index-url"], file
		}
	}
	if extra != "" {
		fmt.Fprintf(p.err, "pinwheel: the further index of %s is not asked, since a name could come from either: say in a pinwheel.yaml which packages are whose (indexes), and name it with --config\n", extraFrom)
	}
	return found
}

// pipFiles are pip's files, those that count most first.
func (p *program) pipFiles() (files []string) {
	if named := p.env("PIP_CONFIG_FILE"); named != "" {
		return []string{named}
	}
	if venv := p.env("VIRTUAL_ENV"); venv != "" {
		files = append(files, filepath.Join(venv, "pip.conf"))
	}
	if home := p.env("HOME"); home != "" {
		files = append(files, filepath.Join(home, ".config", "pip", "pip.conf"), filepath.Join(home, ".pip", "pip.conf"))
	}
	return append(files, "/etc/pip.conf")
}

// pipSettings are what a pip.conf says for every command.
func pipSettings(data []byte) map[string]string {
	out := map[string]string{}
	section := ""
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.Trim(line, "[]")
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && section == "global" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			out[strings.ReplaceAll(strings.TrimSpace(key), "_", "-")] = strings.TrimSpace(value)
		}
	}
	return out
}
