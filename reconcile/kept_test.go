package reconcile

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// What a run holds does not depend on the order in which pages come, fits, and
// is as much as fits of the smallest.
func TestKeptIsTheSameInAnyOrder(t *testing.T) {
	const most = 64 << 20
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all []keptPackage
		for i := range 30 {
			all = append(all, keptPackage{fmt.Sprintf("p%02d", i), 1 + random.IntN(most/6)})
		}
		var first []keptPackage
		for round := range 4 {
			k := kept{most: most}
			for _, p := range all {
				k.add(p.name, p.size)
			}
			slices.SortFunc(k.all, func(a, b keptPackage) int { return a.size - b.size })
			sum := 0
			for _, p := range k.all {
				sum += p.size
			}
			if sum != k.size || sum > most || len(k.all) == 0 {
				t.Fatalf("%d bytes are held, %d counted", sum, k.size)
			}
			if round == 0 {
				first = slices.Clone(k.all)
			} else if !slices.Equal(first, k.all) {
				t.Fatalf("another order holds\n%v\nnot\n%v", k.all, first)
			}
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
	}
}
