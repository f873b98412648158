package dashboard

import (
	"testing"

	"gitlab.com/cki-project/pinwheel/plan"
)

// The title of an update is read back from the line that was written of it.
func TestTitleOfALineIsItsUpdatesTitle(t *testing.T) {
	t.Parallel()
	pair := []plan.Move{{Key: "boto3", Name: "boto3"}, {Key: "botocore", Name: "botocore"}}
	for _, u := range []plan.Update{
		{Title: "Update dependency boto3 to v1.35.0"},
		{Title: "Update dependency typing_extensions to v4.15.0 [deps]", Branch: "pinwheel/typing-extensions-4.x"},
		{Title: "Update dependency boto3 to v1.35.0 (later)", Branch: "pinwheel/boto3-1.x", MR: 12},
		{Title: "Update dependency boto3 to v1.35.0", Branch: "pinwheel/boto3-1.x", Moves: pair},
		{Title: "deps(*): Update aws", Branch: "pinwheel/aws", MR: 7, Moves: pair},
	} {
		line, _ := updateLine(u, plan.Row{Box: plan.BoxRebase}, View{})
		item := line[len(" - ") : len(line)-1]
		if boxes := Parse("## Open\n" + line).Boxes; len(boxes) == 1 {
			item = boxes[0].Text
		}
		if got := TitleOf(item); got != u.Title {
			t.Errorf("TitleOf(%q) = %q, want %q", item, got, u.Title)
		}
	}
}
