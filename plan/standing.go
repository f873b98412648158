package plan

import (
	"fmt"
	"slices"
)

// Standing says how a pin stands to the releases of its index. Every pin has
// exactly one.
type Standing string

// The standings, as texts name them.
const (
	// Current: the index was read in this run, has the pinned release, and has
	// nothing newer that would count.
	StandsCurrent Standing = "current"
	// Behind: an update goes beyond it that nothing but time, places or people
	// keep.
	StandsBehind Standing = "behind"
	// Held: something newer is there and is not taken, for a reason.
	StandsHeld Standing = "held"
	// Unknown: its index does not know the name, or no index owns it.
	StandsUnknown Standing = "unknown"
	// Unread: its index could not be read in this run, so that what is known may
	// be old.
	StandsUnread Standing = "unread"
	// Taken back: the pinned release was yanked or quarantined, or is not there any
	// more, and nothing takes its place.
	StandsTakenBack Standing = "taken back"
	// Blocked: the pin keeps its package from being installed, on purpose.
	StandsBlocked Standing = "blocked on purpose"
	// Not managed: pinwheel reads the line and never changes it.
	StandsUnmanaged Standing = "not managed"
)

// Standings lists them in the order in which texts count them.
func Standings() []Standing {
	return []Standing{StandsCurrent, StandsBehind, StandsHeld, StandsUnknown, StandsUnread, StandsTakenBack, StandsBlocked, StandsUnmanaged}
}

// PinStanding is how one pin, or one line that is not managed, stands.
type PinStanding struct {
	Pin
	Key      string // normalised name, empty for a line that is not managed
	Index    string // the name of the index that owns it, empty for none
	Standing Standing
	Reasons  Reasons // why it stands so; none for current and behind
	Why      string  // the same in Markdown, a clause
}

// NextOfLocal is the next step where an index cannot be read and Snapshot.Local.
const NextOfLocal = "check the network or HTTPS_PROXY, or name another index with --config"

// Count is how many pins stand in one way.
func (p Plan) Count(s Standing) int {
	n := 0
	for _, pin := range p.Standings {
		if pin.Standing == s {
			n++
		}
	}
	return n
}

// Tally counts the pins in words: "3 current", "1 behind", and how else some of
// them stand. Of beside are lines that are none of Plan.Pins.
func (p Plan) Tally() (pins, beside []string) { return Tally(p.Counts()) }

// Counts is how many pins stand how; ways in which none stands are left out.
func (p Plan) Counts() map[Standing]int {
	out := map[Standing]int{}
	for _, pin := range p.Standings {
		out[pin.Standing]++
	}
	return out
}

// Tally is [Plan.Tally] of counts.
func Tally(counts map[Standing]int) (pins, beside []string) {
	for _, s := range Standings() {
		n := counts[s]
		word := fmt.Sprintf("%d %s", n, s)
		switch {
		case s == StandsCurrent, s == StandsBehind:
			pins = append(pins, word)
		case n == 0:
		case s == StandsBlocked:
			beside = append(beside, word)
		case s == StandsUnmanaged && n == 1:
			beside = append(beside, "1 line "+string(s))
		case s == StandsUnmanaged:
			beside = append(beside, fmt.Sprintf("%d lines %s", n, s))
		default:
			pins = append(pins, word)
		}
	}
	return pins, beside
}

// Stopped reports whether a problem keeps anything from being judged.
func (p Plan) Stopped() bool {
	return slices.ContainsFunc(p.Problems, func(q Problem) bool { return q.Stopping })
}
