package decide

import (
	"fmt"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
)

// linkProblem reports a file of the project that is a symbolic link, nil for any other. A single
// word may be the YAML of a derived file, so there it must look like a file name.
func linkProblem(path string, text []byte, derived bool) *plan.Problem {
	target, ok := constraints.LinkTarget(text)
	if !ok || derived && !strings.ContainsAny(target, "./") {
		return nil
	}
	p := &plan.Problem{
		File: path, Stopping: true, Next: "set files[].path in the configuration to the file that it leads to",
		Text: fmt.Sprintf("it holds nothing but the path %q, so it is a symbolic link, of which GitLab gives the target as the text", target),
	}
	if derived {
		p.Next = "set files[].derived.path in the configuration to the file that it leads to"
	}
	return p
}
