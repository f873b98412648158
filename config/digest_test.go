package config

import (
	"strings"
	"testing"
)

// A project's digest is another one where its configuration says something else, but not where a
// process only listens elsewhere: processes of a fleet on one machine have to.
func TestDigestLeavesOutWhereAProcessListens(t *testing.T) {
	const before, after = "store: pinwheel.db\n", "# who\ndefaults: {timezone: UTC}\nprojects:\n  - path: g/first\n"
	digest := func(text string) string {
		t.Helper()
		return parsed(t, text).Projects[0].Digest()
	}
	one := digest(before + "listen: {metrics: \"127.0.0.1:9001\"}\n" + after)
	for _, same := range []string{"listen: {metrics: \"127.0.0.1:9002\"}\n", "listen: {metrics: \"127.0.0.1:9002\", hooks: \"127.0.0.1:9003\"} # here\n"} {
		if digest(before+same+after) != one {
			t.Errorf("with %q it is another one", same)
		}
	}
	if last := digest(after + "listen:\n  metrics: \"127.0.0.1:9001\"\n"); last == one || last != digest(after+"listen:\n  hooks: \"127.0.0.1:9002\"\n") {
		t.Error("at the end listen counts, or the rest does not")
	}
	for _, other := range []string{
		"",
		"\nlisten: {metrics: \"127.0.0.1:9001\"}\n", // reasons name lines
		"listen:\n  metrics: \"127.0.0.1:9001\"\n",
		"listen: {metrics: \"127.0.0.1:9001\"}\nschedule: \"0 0 * * *\"\n",
	} {
		if digest(before+other+after) == one {
			t.Errorf("with %q it is the same", other)
		}
	}
	for _, text := range []string{
		"{listen: {metrics: \"127.0.0.1:%\"}, projects: [{path: g/first}]}\n",
		"listen: {metrics: &there \"127.0.0.1:%\"}\nprojects:\n  - path: g/first\n    labels: [*there]\n",
	} {
		with := func(port string) string { return digest(strings.ReplaceAll(text, "%", port)) }
		if with("9001") == with("9002") {
			t.Errorf("it is the same for another port in %q", text)
		}
	}
}
