package testenv

import "testing"

// The sample and the rest are all, and shards of them meet nowhere.
func TestParts(t *testing.T) {
	const step, cases = 6, 100
	count := make([]int, cases)
	run := func(text string) {
		p, err := parsePart(text, step)
		if err != nil {
			t.Fatal(err)
		}
		for i := range count {
			if p.Has(i) {
				count[i]++
			}
		}
	}
	for _, text := range []string{"", "rest:1/3", "rest:2/3", "rest:3/3", "all", "all:1/4", "all:2/4", "all:3/4", "all:4/4", "rest", "all:1/1"} {
		run(text)
	}
	for i, n := range count {
		want := 5 // the sample or a shard of the rest, all, a shard of all, rest, all
		if i%step == 0 {
			want = 4
		}
		if n != want {
			t.Errorf("case %d runs %d times, want %d", i, n, want)
		}
	}
	for i := range cases {
		picked := 0
		for _, text := range []string{"", "rest:1/3", "rest:2/3", "rest:3/3"} {
			if p, _ := parsePart(text, step); p.Picks(i == 7, i) {
				picked++
			}
		}
		if picked != 1 {
			t.Errorf("case %d is picked %d times by the sample and the rest, want once", i, picked)
		}
	}
	for _, text := range []string{"half", "all:", "all:0/2", "rest:3/2", "rest:1", "1/2"} {
		if _, err := parsePart(text, step); err == nil {
			t.Errorf("%q names a part", text)
		}
	}
}
