package comment_test

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/comment"
	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Whoever may comment writes what is read here. Twice as long a comment may take twice as
// long to read, whatever stands in it.
func TestLinesTakesTimeInProportion(t *testing.T) {
	for _, tt := range []struct {
		name string
		body func(n int) string
	}{
		{"longer and longer runs of backticks", func(n int) string {
			var b strings.Builder
			for i := 1; b.Len() < 10*n; i++ {
				b.WriteString(strings.Repeat("`", i) + " ")
			}
			return b.String()
		}},
		{"backticks", func(n int) string { return strings.Repeat("` ", n) }},
		{"escaped backticks", func(n int) string { return strings.Repeat("\\`", n) }},
		{"hidden marks", func(n int) string { return strings.Repeat("<!--", n) }},
		{"hidden texts", func(n int) string { return strings.Repeat("<!---->", n) }},
		{"elements", func(n int) string { return strings.Repeat("<pre ", n) }},
		{"lines", func(n int) string { return strings.Repeat("a\n", n) }},
		{"carriage returns", func(n int) string { return strings.Repeat("\r", n) }},
		{"quotes", func(n int) string { return strings.Repeat(">", n) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testenv.Linear(t, 400, func(n int) func() {
				body := tt.body(n)
				return func() { comment.Lines(body) }
			})
		})
	}
}
