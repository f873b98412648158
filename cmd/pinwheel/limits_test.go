package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/pypi"
)

// At a limit of the configuration everything is judged. One beyond it is not
// checked, which the pin that asks says with the limit, and the rest goes on.
func TestLimitsOfTheConfiguration(t *testing.T) {
	of := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line+"\n", i)
		}
		return b.String()
	}
	for key, c := range map[string]struct {
		releases, pins string
		at             int
		beyond         string
	}{
		"names_without_pin": {
			releases: "a 1.0 2020-01-01" + strings.TrimSuffix(strings.ReplaceAll(of(12, ` requires="n%02d>=1"`), "\n", ""), "\n") + "\n" + of(12, "n%02d 1.0 2020-01-01"),
			pins:     "a==1.0\n", at: 12,
			beyond: "not-checked: a 1.0 requires n11>=1, and what n11 requires could not be read: a run asks for the pages of 11 names without a pin and not more",
		},
		"releases": {
			releases: of(102, `p%03d 1.0 2020-01-01 requires="p000>=1"`), pins: of(102, "p%03d==1.0"), at: 102,
			beyond: "a run reads what 101 releases require and not more",
		},
		"releases_of_a_package": {
			releases: "a 1.0 2020-01-01 requires=\"bad>=1\"\n" + of(12, "bad 1.%d 2020-01-01 metadata=broken"), pins: "a==1.0\n", at: 12,
			beyond: "a run reads what 11 releases of one package require and not more",
		},
	} {
		t.Run(key, func(t *testing.T) {
			w := newWorld(t)
			w.env = nil
			if err := w.index.Load(c.releases); err != nil {
				t.Fatal(err)
			}
			file := w.write("constraints.txt", c.pins)
			plain := w.read("pinwheel.yaml")
			limited := func(n int) string {
				own := strings.Replace(plain, "pinwheel.db", fmt.Sprintf("%d.db", n), 1) // nothing is known from before
				w.write("pinwheel.yaml", fmt.Sprintf("%slimits: {%s: %d}\n", own, key, n))
				_, out, complaints := w.configured("verify", "--file", file)
				return out + complaints
			}
			if out := limited(c.at); strings.Contains(out, "and not more") || !strings.Contains(out, " pin") {
				t.Errorf("at the limit:\n%s", out)
			}
			if out := limited(c.at - 1); !strings.Contains(out, c.beyond) {
				t.Errorf("one beyond the limit does not say %q:\n%s", c.beyond, out)
			}
		})
	}
}

// What holds without keys is what the clients have by themselves.
func TestLimitsOfTheClientsAreTheDefaults(t *testing.T) {
	const mib = 1 << 20
	want := pypi.Options{MaxBody: 64 * mib, MaxEntries: 100_000, MaxPage: 24 * mib, MaxPages: 32 * mib, MaxFile: 32 * mib}
	if got := within(config.DefaultLimits()); !reflect.DeepEqual(got, want) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
	if got := within(config.Default().Limits); !reflect.DeepEqual(got, want) {
		t.Errorf("a configuration without keys has %+v", got)
	}
}
