package pep508

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{
		"botocore (<1.44.0,>=1.43.11)",
		`requests[socks]>=2.32,<3 ; python_version >= "3.8" and extra == 'dev'`,
	} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEval(b *testing.B) {
	m := parseMarker(b, `python_version >= "3.8" and extra == 'dev'`)
	env := environmentFor(b, "3.11", "linux/x86_64")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

func parseMarker(tb testing.TB, s string) Marker {
	tb.Helper()
	m, err := ParseMarker(s)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func environmentFor(tb testing.TB, python, platform string) Environment {
	tb.Helper()
	env, err := EnvironmentFor(python, platform)
	if err != nil {
		tb.Fatal(err)
	}
	return env
}
