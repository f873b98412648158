package decide

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// standings says how every pin stands, once the states of all updates are known.
func (d *decider) standings() {
	moving, held := d.onTheWay()
	for i, sl := range d.slots {
		index, _ := d.s.Policy.IndexOf(sl.p.Key)
		pin := plan.PinStanding{Pin: plan.Pin{File: sl.path, Line: sl.p.Line, Name: sl.p.Name, Version: sl.p.Version.String()}, Key: sl.p.Key, Index: index.Name}
		pin.Standing, pin.Reasons = d.stands(i, moving[i], held[i])
		pin.Why = pin.Reasons.Clause()
		d.plan.Standings = append(d.plan.Standings, pin)
		if pin.Standing == plan.StandsCurrent {
			d.plan.Current = append(d.plan.Current, pin.Pin)
		}
	}
	for _, u := range d.plan.Unmanaged {
		if _, blocks := u.Why.(plan.OnPurpose); !blocks {
			d.plan.Standings = append(d.plan.Standings, plan.PinStanding{Pin: plan.Pin{File: u.File, Line: u.Line, Name: u.Text}, Standing: plan.StandsUnmanaged, Reasons: plan.Reasons{u.Why}, Why: u.Reason})
		}
	}
	byPlace := func(a, b plan.Pin) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	}
	slices.SortStableFunc(d.plan.Standings, func(a, b plan.PinStanding) int { return byPlace(a.Pin, b.Pin) })
	slices.SortStableFunc(d.plan.Current, byPlace)
	d.unknownNames()
	d.takenBack()
}

// onTheWay says for each slot whether some update moves it and is not held back; if none does, why
// the first of its updates is held back.
func (d *decider) onTheWay() (moving []bool, held []plan.Reasons) {
	moving, held = make([]bool, len(d.slots)), make([]plan.Reasons, len(d.slots))
	for _, dr := range d.drafts {
		for _, i := range dr.slots {
			switch dr.State {
			case plan.Incompatible, plan.ClosedByPerson:
			case plan.NotChecked:
				if dr.stale {
					moving[i] = true // that it is behind was known before
					continue
				}
			case plan.Ignored:
				if d.s.Policy.Mode != plan.DashboardOnly {
					break
				}
				moving[i] = true // nothing but the mode is in its way
				continue
			case plan.PendingApproval, plan.Edited, plan.Errored, plan.Open, plan.Testing, plan.Bisecting, plan.AboutToMerge, plan.AwaitingSchedule, plan.Maturing, plan.RateLimited:
				moving[i] = true
				continue
			}
			if len(held[i]) == 0 {
				held[i] = dr.Why
			}
		}
	}
	return moving, held
}

// stands judges one slot. If several standings apply, it is the one that needs a person most.
func (d *decider) stands(i int, moving bool, held plan.Reasons) (plan.Standing, plan.Reasons) {
	because := func(s plan.Standing, why plan.Reason) (plan.Standing, plan.Reasons) { return s, plan.Reasons{why} }
	sl, o := d.slots[i], d.outcomes[i]
	switch {
	case o.blocks:
		return because(plan.StandsBlocked, plan.OnPurpose{})
	case o.off != nil:
		return because(plan.StandsUnmanaged, plan.PinTurnedOff{Rule: o.off.At})
	case !o.owned, o.absent:
		return because(plan.StandsUnknown, o.note)
	case moving:
		return plan.StandsBehind, nil
	case o.unknown:
		return because(plan.StandsUnread, o.note)
	case o.note != nil:
		return because(plan.StandsTakenBack, o.note)
	case o.yanked != nil:
		return because(plan.StandsTakenBack, plan.PinTakenBack{Package: sl.p.Name, Version: sl.p.Version.String(), How: plan.Inner[plan.Reason]{R: o.yanked}, Held: held.Kept()})
	case len(held) > 0:
		return plan.StandsHeld, held
	}
	if why := d.passedOver(i); why != nil {
		return because(plan.StandsHeld, why)
	}
	if o.stale {
		pkg := d.s.Packages[sl.p.Key]
		return because(plan.StandsUnread, plan.UnreadNow{Index: plan.SpokenIndex(pkg.Index), Says: pkg.Failure})
	}
	return plan.StandsCurrent, nil
}

// passedOver says why the newest release above a pin is not taken. It is nil if there is none that
// counts: pre-releases do not count for a final pin, nor do releases that have no files or were
// taken back, and other builds of the pinned version.
func (d *decider) passedOver(i int) plan.Reason {
	pin := d.slots[i].p
	for _, major := range []bool{true, false} {
		for _, l := range d.outcomes[i].lines {
			if l.down || l.major != major {
				continue
			}
			for _, v := range l.judged {
				to := v.release.Version
				if !counts(pin.Version, v.release) {
					continue
				}
				why := d.consider(i, v).Why
				if why == nil {
					why = plan.NotTaken{}
				}
				return plan.PassedOver{Version: to.String(), Why: plan.Inner[plan.Reason]{R: why}}
			}
		}
	}
	return nil
}

// counts reports whether a release is newer than a pin in a way that matters to it.
func counts(pin pep440.Version, r *plan.Release) bool {
	_, isDev := r.Version.Dev()
	_, fromDev := pin.Dev()
	switch {
	case r.Version.IsPrerelease() && !pin.IsPrerelease(), isDev && !fromDev, plan.SamePublic(r.Version, pin):
		return false
	}
	return len(r.Files) > 0 && taken(r) == nil
}

// onPurpose is the reason of a pin that blocks its package, in words.
var onPurpose = plan.Markdown(plan.OnPurpose{})

// blocks reports whether a pin keeps its package from being installed, on purpose: its version is
// above every release, and its epoch or its first number is one that no release can have.
func blocks(pin pep440.Version, releases []plan.Release) bool {
	highest := pep440.Version{}
	if n := len(releases); n > 0 {
		highest = releases[n-1].Version
	}
	if pin.Compare(highest) <= 0 {
		return false
	}
	return beyond(pin.Epoch(), highest.Epoch()) || pin.Epoch() == highest.Epoch() && beyond(pin.Major(), highest.Major()) ||
		highest.IsZero() && beyond(pin.Major(), "")
}

// Blocks reports whether a pin keeps its package from being installed on purpose, as far as the
// version alone shows.
func Blocks(pin pep440.Version) bool { return blocks(pin, nil) }

// beyond reports whether a number cannot be that of a release. That is so for four or more nines
// and nothing else, and for seven or more digits that are no day and at least three more than the
// highest number has.
func beyond(number, highest string) bool {
	if len(number) >= 4 && strings.Trim(number, "9") == "" {
		return len(highest) < len(number) || number > highest && len(highest) == len(number)
	}
	return len(number) >= 7 && len(number) >= len(highest)+3 && !isDay(number)
}

// isDay reports whether a number begins with a day since 1970, as 20260102 and
// 202601021530 do, or is a year with the number of a day in it.
func isDay(number string) bool {
	year, rest := number[:4], number[4:]
	if year < "1970" || year > "2199" {
		return false
	}
	if len(rest) == 3 {
		return rest >= "001" && rest <= "366"
	}
	return len(rest)%2 == 0 && len(rest) >= 4 && len(rest) <= 10 && rest[:2] >= "01" && rest[:2] <= "12" && rest[2:4] >= "01" && rest[2:4] <= "31"
}

// So many unknown names of an index are a problem of the index, not of the names: manyUnknown or
// more, and at least one of every oneOf names.
const (
	manyUnknown = 5
	oneOf       = 5
)

// ManyUnknown reports whether so many names of all that an index is asked for are unknown that the
// index must be wrong, not the names.
func ManyUnknown(unknown, all int) bool {
	return unknown > 0 && (unknown == all || unknown >= manyUnknown && oneOf*unknown >= all)
}

// unknownNames says which names their index does not know. A few are a note; many or all of them
// are a problem of the index or of its address.
func (d *decider) unknownNames() {
	known, unknown := map[string][]string{}, map[string][]string{}
	for _, pin := range d.plan.Standings {
		switch pin.Standing {
		case plan.StandsUnknown:
			unknown[pin.Index] = append(unknown[pin.Index], pin.Key)
		case plan.StandsBlocked, plan.StandsUnmanaged:
		case plan.StandsCurrent, plan.StandsBehind, plan.StandsHeld, plan.StandsUnread, plan.StandsTakenBack:
			known[pin.Index] = append(known[pin.Index], pin.Key)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(unknown)) {
		names := slices.Compact(sorted(unknown[index]))
		all := len(names) + len(slices.Compact(sorted(known[index])))
		switch {
		case ManyUnknown(len(names), all):
			d.plan.Problems = append(d.plan.Problems, d.unknownProblem(index, names, all))
		case index == "":
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("No index of the configuration owns %s, so nothing newer can be known (`indexes[].packages`).", some(names)))
		default:
			d.noteUnknown(index, names)
		}
	}
}

// noteUnknown notes the names that an index does not have, and those whose page it refuses, in a
// sentence each.
func (d *decider) noteUnknown(index string, names []string) {
	var absent, refused []string
	for _, name := range names {
		if d.s.Packages[name].Withheld != "" {
			refused = append(refused, name)
		} else {
			absent = append(absent, name)
		}
	}
	who, verb, own := plan.SpokenIndex(index), "is", "it an index of its own"
	if len(absent) > 1 {
		verb = "are"
	}
	if len(absent) > 0 {
		d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("%s %s not on %s: correct the name, or give it an index of its own (`indexes[].packages`).", some(absent), verb, who))
	}
	if len(refused) > 1 {
		own = "them an index of their own"
	}
	if len(refused) > 0 {
		d.plan.Notes = append(d.plan.Notes, plan.Sentence(fmt.Sprintf("%s answers for other names and gives no page of %s that can be used: give %s (`indexes[].packages`)", who, some(refused), own)))
	}
}

func (d *scene) unknownProblem(index string, names []string, all int) plan.Problem {
	if index == "" {
		return plan.Problem{Text: "no index of the configuration owns " + some(names), Next: "name them in indexes[].packages, or give the last index no packages: then it owns every other name"}
	}
	address := ""
	for _, i := range d.s.Policy.Indexes {
		if i.Name == index {
			address = i.URL
		}
	}
	what := fmt.Sprintf("does not know %d of its %d names: %s", len(names), all, some(names))
	switch {
	case all == 1:
		what = "does not know its one name, " + names[0]
	case len(names) == all:
		what = fmt.Sprintf("knows none of its %d names: %s", all, some(names))
	}
	return plan.Problem{
		Text: plan.SpokenIndex(index) + " " + what,
		Next: "check that " + address + " is the base of a Simple API, and that its user may read these names; nothing is closed, and every run asks again",
	}
}

// takenBack notes the pins whose release was taken back and that no update moves; five of them by
// name.
func (d *decider) takenBack() {
	var why []string
	for _, pin := range d.plan.Standings {
		if pin.Standing == plan.StandsTakenBack {
			why = append(why, pin.Why)
		}
	}
	for i, text := range why {
		if i == 5 {
			d.plan.Notes = append(d.plan.Notes, fmt.Sprintf("And %d more that were taken back, see `pinwheel plan`.", len(why)-i))
			return
		}
		d.plan.Notes = append(d.plan.Notes, plan.Sentence(text))
	}
}

// some names up to five, and how many more there are.
func some(names []string) string {
	text := strings.Join(names[:min(5, len(names))], ", ")
	if len(names) > 5 {
		text += fmt.Sprintf(" and %d more", len(names)-5)
	}
	return text
}
