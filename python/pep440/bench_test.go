package pep440

import (
	"slices"
	"strconv"
	"testing"
)

// ordinary are versions in the proportions of an index: most are three short
// numbers.
var ordinary = []string{
	"1.43.11", "2.0.3", "0.9.2", "1.34.162", "2026.7.22", "24.1", "3.0.0rc1", "1.0.post2",
	"4.2.dev3", "2.5.1+cu118", "1.26.20", "0.0.1a5",
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Parse(ordinary[i%len(ordinary)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRefused(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("2004d-py2.5"); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	var vs []Version
	for _, s := range ordinary {
		vs = append(vs, parse(b, s))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		vs[i%len(vs)].Compare(vs[(i+5)%len(vs)])
	}
}

func BenchmarkSort(b *testing.B) {
	var vs []Version
	for i := range 4000 {
		vs = append(vs, parse(b, "1."+strconv.Itoa(i*7919%4000%67)+"."+strconv.Itoa(i*7919%4000)))
	}
	b.ReportAllocs()
	for b.Loop() {
		slices.SortFunc(slices.Clone(vs), Version.Compare)
	}
}

func BenchmarkString(b *testing.B) {
	var vs []Version
	for _, s := range ordinary {
		vs = append(vs, parse(b, s))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = vs[i%len(vs)].String()
	}
}

func BenchmarkSpecifiers(b *testing.B) {
	v := parse(b, "1.43.11")
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseSpecifiers(">=1.43.11,<1.44.0"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("contains", func(b *testing.B) {
		set := parseSpecifiers(b, ">=1.43.11,<1.44.0")
		b.ReportAllocs()
		for b.Loop() {
			if !set.Contains(v) {
				b.Fatal("no match")
			}
		}
	})
}
