package plan

// Standing says how a pin stands to the releases of its index. Every pin has
// exactly one.
type Standing string

// The standings, as JSON and texts name them.
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
	Index    string // the name of the index that owns it, empty for none
	Standing Standing
	Why      string // a clause; empty for current and behind
}

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
