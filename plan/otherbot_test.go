package plan

import (
	"slices"
	"testing"
)

func TestAnotherBotIsRecognised(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		say  string
		m    MergeRequest
		want bool
	}{
		{"its branch", MergeRequest{SameProject: true, Branch: "renovate/six-1.x"}, true},
		{"its description", MergeRequest{SameProject: true, Branch: "deps/six", Note: MergeRequestNote{Other: true}}, true},
		{"its label", MergeRequest{SameProject: true, Branch: "deps/six", Labels: []string{"Renovate"}}, true},
		{"one of ours that was its", MergeRequest{SameProject: true, Branch: "renovate/six-1.x", Note: MergeRequestNote{Present: true}}, false},
		{"of a fork", MergeRequest{Branch: "renovate/six-1.x"}, false},
		{"a person's", MergeRequest{SameProject: true, Branch: "six", Title: "Update dependency six to v1.17"}, false},
	} {
		if got := c.m.OfOtherBot(); got != c.want {
			t.Errorf("%s: another bot's is %t, want %t", c.say, got, c.want)
		}
	}
}

func TestPinsThatAreNamed(t *testing.T) {
	t.Parallel()
	pins := []string{"boto3", "ruamel-yaml", "six", "urllib3"}
	for _, c := range []struct {
		n    Naming
		want []string
	}{
		{Naming{Title: "Update dependency boto3 to v1.34.41"}, []string{"boto3"}},
		{Naming{Title: "chore(deps): update dependency ruamel.yaml to v0.18"}, []string{"ruamel-yaml"}},
		{Naming{Branch: "renovate/ruamel.yaml-0.x"}, []string{"ruamel-yaml"}},
		{Naming{Title: "Update all", Branch: "renovate/all", Listed: []string{"Six", "urllib3", "node"}}, []string{"six", "urllib3"}},
		{Naming{Title: "Update dependency boto3-stubs-full to v1", Branch: "renovate/sixpack-1.x"}, []string{"boto3"}}, // too many
		{Naming{Title: "Update node to v24", Branch: "renovate/node-24.x"}, nil},
		{Naming{}, nil},
	} {
		if got := c.n.Of(pins); !slices.Equal(got, c.want) {
			t.Errorf("%+v names %v, want %v", c.n, got, c.want)
		}
	}
}

func TestWhatAnotherBotsChangeTouches(t *testing.T) {
	t.Parallel()
	files := []FilePolicy{{Path: "constraints.txt", Derived: &Derived{Path: "derived.yml"}}, {Path: "other.txt"}}
	step := "@@ -1,3 +1,3 @@\n attrs==23.2.0\n-boto3==1.34.39\n+boto3==1.34.41\n six==1.16.0\n"
	for _, c := range []struct {
		say         string
		patches     []Difference
		paths, keys []string
		whole       bool
	}{
		{"a step, and a file that is none of ours", []Difference{{"constraints.txt", step, true}, {"Dockerfile", "@@ -1 +1 @@\n-a\n+b\n", true}}, []string{"constraints.txt"}, []string{"boto3"}, true},
		{"a line more and a line less", []Difference{{"other.txt", "@@ -1 +1 @@\n-six==1.16.0\n+idna==3.6\n", true}}, []string{"other.txt"}, []string{"idna", "six"}, true},
		{"with extras", []Difference{{"other.txt", "@@ -1 +1 @@\n-requests[socks]==2.31.0\n+requests[socks]==2.32.5\n", true}}, []string{"other.txt"}, []string{"requests"}, true},
		{"none of ours", []Difference{{"tools.txt", step, true}}, nil, nil, true},
		{"a derived file alone", []Difference{{"derived.yml", step, true}}, []string{"derived.yml"}, nil, false},
		{"too large to be shown", []Difference{{"constraints.txt", "", true}}, []string{"constraints.txt"}, nil, false},
		{"nothing", nil, nil, nil, true},
	} {
		paths, keys, whole := Touched(c.patches, files)
		if !slices.Equal(paths, c.paths) || !slices.Equal(keys, c.keys) || whole != c.whole {
			t.Errorf("%s: %v, %v, %t; want %v, %v, %t", c.say, paths, keys, whole, c.paths, c.keys, c.whole)
		}
	}
}
