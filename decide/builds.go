package decide

import (
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/constraints"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// This file decides which versions may be a step of a pin by their kind: final releases,
// pre-releases, development snapshots, and builds, which PEP 440 calls local versions.

// strange is the reason if the kind of a release's version makes it no step of a pin, nil
// otherwise. A development snapshot is only for a pin that is one, a pre-release for a pin
// that is one or a snapshot, and a build for a pin with the same label.
func unfitKind(pin constraints.Pin, to pep440.Version) plan.ReleaseReason {
	_, isDev := to.Dev()
	_, fromDev := pin.Version.Dev()
	switch label := pin.Version.Local(); {
	case to.IsPrerelease() && !pin.Version.IsPrerelease():
		return plan.PreRelease{}
	case isDev && !fromDev:
		return plan.DevSnapshot{}
	case to.Local() == label:
		return nil
	case label == "":
		return plan.LocalVersion{}
	default:
		return plan.OtherBuild{Label: label}
	}
}

// strangeTo is the reason if a version is a step of none of a package's pins, nil if it is a
// step of at least one.
func (d *pins) unfitKindFor(key string, to pep440.Version) plan.ReleaseReason {
	var reason plan.ReleaseReason
	for _, sl := range d.slots {
		if sl.p.Key != key {
			continue
		}
		if reason = unfitKind(sl.p, to); reason == nil {
			return nil
		}
	}
	return reason
}

// split returns the releases above the pin, newest first, and the pinned one.
// A pin without a label also means a release that has one (PEP 440, "Version
// matching"): the one whose label sorts last, as pip has it. A pin by its text
// ("===") does not, and neither does it mean a release that is spelled otherwise.
func split(releases []plan.Release, pin constraints.Pin) (newer []*plan.Release, pinned *plan.Release) {
	loose := pin.Op != "===" && pin.Version.Local() == ""
	for i := len(releases) - 1; i >= 0; i-- {
		r := &releases[i]
		switch c := r.Version.Compare(pin.Version); {
		case c == 0 && pin.Op == "===" && !spells(r, pin):
			return newer, nil
		case c == 0:
			return newer, r
		case c < 0:
			return newer, pinned
		case loose && plan.IsBuild(r, pin.Version):
			if pinned == nil {
				pinned = r
			}
		default:
			newer = append(newer, r)
		}
	}
	return newer, pinned
}

// spells reports whether pip finds a release by the text of a pin with "===": it compares that with the normal
// form of the version that a file's name has.
func spells(r *plan.Release, pin constraints.Pin) bool {
	same := func(v pep440.Version) bool { return strings.EqualFold(v.String(), pin.Version.Raw()) }
	return same(r.Version) || slices.ContainsFunc(r.Files, func(f plan.DistFile) bool {
		file, err := dist.ParseFor(pin.Key, f.Name)
		return err == nil && same(file.Version)
	})
}

// newest is the final release with which a pin that has a label is compared: of the highest
// version the build with that label, or else the one without a label, or else any build.
// Releases without files do not count, and neither do those for which passes is false. It
// is nil if there is none.
func newest(releases []plan.Release, label string, passes func(*plan.Release) bool) *plan.Release {
	var best *plan.Release
	for i := len(releases) - 1; i >= 0; i-- {
		r := &releases[i]
		if r.Version.IsPrerelease() || len(r.Files) == 0 || !passes(r) {
			continue
		}
		if best != nil && !plan.SamePublic(best.Version, r.Version) {
			break
		}
		switch own := r.Version.Local(); {
		case own == label:
			return r
		case best == nil, own == "":
			best = r
		}
	}
	return best
}

// chooses decides which builds may stand for a name without a pin. A release without a label
// always may. Without roots pip chooses, and takes a build if a version has nothing else. With
// roots the release becomes a line, which names a build only if the index has nothing else.
func chooses(p plan.Package, asLine bool) func(*plan.Release) bool {
	plain, label, several := false, "", false
	for i := range p.Releases {
		if len(p.Releases[i].Files) == 0 {
			continue
		}
		own := p.Releases[i].Version.Local()
		plain = plain || own == ""
		several = several || own != "" && label != "" && own != label
		if own != "" {
			label = own
		}
	}
	return func(r *plan.Release) bool {
		switch {
		case r.Version.Local() == "":
			return true
		case asLine:
			return !plain && !several
		}
		public, err := pep440.Parse(r.Version.Public())
		other := p.Release(public)
		return err != nil || other == nil || other.Version.Local() != "" || len(other.Files) == 0
	}
}

// newestFinal is the newest release with which a pin is compared, even if something prevents it
// from being taken.
func newestFinal(releases []plan.Release, pin pep440.Version) string {
	r := newest(releases, pin.Local(), func(*plan.Release) bool { return true })
	if r == nil {
		return ""
	}
	return r.Version.String()
}
