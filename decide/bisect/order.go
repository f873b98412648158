package bisect

import "slices"

// arrange sorts elements in the order in which they are added: after what they require, and the
// least suspected first, then as the problem has them. So the likely culprits are last, where the
// search separates them first. A required element is as little suspected as the least suspected one
// that requires it. Elements that require each other in a circle come last and are never added.
func arrange(elements []Element) (order []Element) {
	left := compact(elements)
	inherit(left)
	placed := map[string]bool{}
	for len(left) > 0 {
		best := -1
		for i, e := range left {
			if ready(e, placed) && (best < 0 || e.Suspect < left[best].Suspect) {
				best = i
			}
		}
		if best < 0 {
			return append(order, left...)
		}
		order = append(order, left[best])
		placed[left[best].ID] = true
		left = slices.Delete(left, best, best+1)
	}
	return order
}

// compact copies the elements, one for each ID, and drops requirements that are not elements.
func compact(elements []Element) []Element {
	known, out := map[string]bool{}, []Element(nil)
	for _, e := range elements {
		if !known[e.ID] {
			known[e.ID] = true
			out = append(out, e)
		}
	}
	for i := range out {
		out[i].Requires = slices.DeleteFunc(slices.Clone(out[i].Requires), func(id string) bool { return !known[id] || id == out[i].ID })
	}
	return out
}

// inherit gives each required element the least suspicion of those that require it.
func inherit(elements []Element) {
	at := map[string]int{}
	for i, e := range elements {
		at[e.ID] = i
	}
	for changed := true; changed; {
		changed = false
		for _, e := range elements {
			for _, id := range e.Requires {
				if r := &elements[at[id]]; r.Suspect > e.Suspect {
					r.Suspect, changed = e.Suspect, true
				}
			}
		}
	}
}

func ready(e Element, placed map[string]bool) bool {
	return !slices.ContainsFunc(e.Requires, func(id string) bool { return !placed[id] })
}
