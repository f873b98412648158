package demo

import (
	"bytes"
	"context"
	"strings"
)

// ckiScene is a part of the way of docs/cki.md, as the page shows it.
type ckiScene struct {
	At, Title, Text string
	Body            string // commands and what they printed
}

// playCKI takes the four projects of docs/cki.md through their whole way.
func (s *site) playCKI(ctx context.Context, _ func(string) string) (string, error) {
	if s.command == nil {
		return "", errForm
	}
	var out bytes.Buffer
	if err := playCKI(ctx, terminal{out: &out}, s.command, "the page builds and installs nothing, which pinwheel demo --once cki does"); err != nil {
		return "", err
	}
	s.way = ckiScenes(out.String())
	return "cki", nil
}

// ckiScenes parts what PlayCKI prints at its headings. What was not done is a scene
// without a title.
func ckiScenes(text string) []ckiScene {
	parts := strings.Split(text, "━━ ")
	var out []ckiScene
	if _, not, found := strings.Cut(parts[0], "NOT DONE: "); found {
		out = append(out, ckiScene{Text: "Not done: " + strings.Join(strings.Fields(not), " ")})
	}
	for _, part := range parts[1:] {
		head, rest, _ := strings.Cut(part, "\n")
		at, title, _ := strings.Cut(head, "  ")
		says, body, _ := strings.Cut(rest, "\n\n")
		lines := strings.Split(body, "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], "   ")
		}
		out = append(out, ckiScene{At: at, Title: title, Text: strings.Join(strings.Fields(says), " "), Body: strings.Trim(strings.Join(lines, "\n"), "\n")})
	}
	return out
}
