package cibot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// quoted is a text as JSON writes it, which YAML reads alike.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

func list(all []string) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = quoted(s)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// yaml is the key software with what was taken over.
func (r *reader) yaml(from string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Read from %s. Put this into pinwheel.yaml, and look at each line.\n", strings.Join(strings.Fields(from), " "))
	if len(r.projects) == 0 {
		b.WriteString("# Nothing could be taken over.\n")
		return b.Bytes()
	}
	b.WriteString("software:\n  packages:\n")
	for _, p := range r.projects {
		fmt.Fprintf(&b, "    - %s\n", quoted(p.path))
	}
	b.WriteString("  bot:\n    marks: {CKI_DEPLOYMENT_ENVIRONMENT: retrigger}\n    pipelines:\n")
	for _, p := range r.pipelines {
		fmt.Fprintf(&b, "      - name: %s\n", quoted(p.name))
		if p.description != "" {
			fmt.Fprintf(&b, "        description: %s\n", quoted(p.description))
		}
		fmt.Fprintf(&b, "        project: %s\n        ref: %s\n        like: {ref: %s}\n        overrides: variables\n", quoted(r.o.Pipelines), quoted(p.ref), quoted(p.ref))
	}
	b.WriteString("    projects:\n")
	for _, p := range r.projects {
		fmt.Fprintf(&b, "      - name: %s\n", quoted(p.path))
		if p.override != "" {
			fmt.Fprintf(&b, "        override: %s\n", p.override)
		}
		fmt.Fprintf(&b, "        pipelines: %s\n", list(p.visible))
		if len(p.standard) > 0 {
			fmt.Fprintf(&b, "        default: %s\n", list(p.standard))
		}
		if p.welcome != "" {
			fmt.Fprintf(&b, "        welcome: %s\n", quoted(p.welcome))
		}
	}
	return b.Bytes()
}
