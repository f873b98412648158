package pypisim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
)

// inHTML writes a page in the form of PEP 503, with what PEP 592, 629 and 714 add.
func inHTML(page []byte) []byte {
	var p struct {
		Meta struct {
			Version string `json:"api-version"`
		}
		Name  string
		Files []struct {
			Filename string
			URL      string
			Hashes   map[string]string
			Requires string `json:"requires-python"`
			Yanked   any
			Core     any `json:"core-metadata"`
		}
	}
	if err := json.Unmarshal(page, &p); err != nil {
		return []byte(err.Error()) // a page of ours is JSON
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!DOCTYPE html>\n<html>\n<head><meta name=\"pypi:repository-version\" content=%q><title>Links for %s</title></head>\n<body>\n", p.Meta.Version, html.EscapeString(p.Name))
	for _, f := range p.Files {
		address := f.URL
		if sum := f.Hashes["sha256"]; sum != "" {
			address += "#sha256=" + sum
		}
		fmt.Fprintf(&out, "<a href=\"%s\"", html.EscapeString(address))
		if f.Requires != "" {
			fmt.Fprintf(&out, " data-requires-python=\"%s\"", html.EscapeString(f.Requires))
		}
		switch y := f.Yanked.(type) {
		case string:
			fmt.Fprintf(&out, " data-yanked=\"%s\"", html.EscapeString(y))
		case bool:
			if y {
				out.WriteString(" data-yanked")
			}
		}
		switch c := f.Core.(type) {
		case map[string]any:
			fmt.Fprintf(&out, " data-core-metadata=\"sha256=%v\"", c["sha256"])
		case bool:
			if c {
				out.WriteString(" data-core-metadata=\"true\"")
			}
		}
		fmt.Fprintf(&out, ">%s</a><br>\n", html.EscapeString(f.Filename))
	}
	out.WriteString("</body>\n</html>\n")
	return out.Bytes()
}
