package pypisim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// Switch tells how the metadata of a release can be had, or what is wrong with
// it. Without one every wheel has a .metadata file whose digest is on the page
// (PEP 658), and a source distribution tells its requirements for good
// (metadata 2.2, nothing dynamic).
type Switch string

// The switches. They are combined with commas.
const (
	NoMetadata   Switch = "none"          // no .metadata, only the wheel itself
	Unhashed     Switch = "unhashed"      // the page has no digest of the .metadata
	WrongHash    Switch = "wrong-hash"    // the digest is another one: of the .metadata, or with "none" of the file
	Broken       Switch = "broken"        // one more requirement, which is none
	Misnamed     Switch = "misnamed"      // the metadata is another project's
	Huge         Switch = "huge"          // more than 10 MB of it
	LyingZip     Switch = "lying-zip"     // the wheel's directory lies about sizes; implies "none"
	SdistStatic  Switch = "sdist-static"  // as without a switch
	SdistDynamic Switch = "sdist-dynamic" // PKG-INFO leaves the requirements to a build
	SdistOld     Switch = "sdist-old"     // PKG-INFO is of a version that promises nothing
	SdistBuilds  Switch = "sdist-builds"  // it holds a build backend, which needs nothing else
)

var switches = []Switch{NoMetadata, Unhashed, WrongHash, Broken, Misnamed, Huge, LyingZip, SdistStatic, SdistDynamic, SdistOld, SdistBuilds}

// core is what a release's core metadata holds and how it is given out.
type core struct {
	told     bool // something was said; else it requires nothing
	requires []string
	extras   []string
	links    []string // Project-URL
	home     string   // Home-page
	switches []Switch
}

// option reads requires=, extra=, link=, home= or metadata=; false is another word.
func (c *core) option(key, value string) bool {
	switch key {
	case "requires":
		if value != "" {
			c.requires = append(c.requires, value)
		}
	case "extra":
		c.extras = append(c.extras, value)
	case "link":
		c.links = append(c.links, value)
	case "home":
		c.home = value
	case "metadata":
		for word := range strings.SplitSeq(value, ",") {
			c.switches = append(c.switches, Switch(word))
		}
	default:
		return false
	}
	c.told = true
	return true
}

// check refuses what cannot stand in a metadata file. Requirements are not
// judged: that a client meets broken ones is what they are for.
func (c *core) check() error {
	for _, line := range slices.Concat(c.requires, c.links, []string{c.home}) {
		if strings.ContainsAny(line, "\r\n") {
			return fmt.Errorf("%q has a line break", line)
		}
	}
	for _, extra := range c.extras {
		if !pep508.ValidName(extra) {
			return fmt.Errorf("%q is no extra's name", extra)
		}
	}
	for _, word := range c.switches {
		if !slices.Contains(switches, word) {
			return fmt.Errorf("unknown metadata switch %q", word)
		}
	}
	return nil
}

func (c *core) has(word Switch) bool { return slices.Contains(c.switches, word) }

// beside reports whether a wheel has a .metadata file.
func (c *core) beside() bool { return !c.has(NoMetadata) && !c.has(LyingZip) }

// coreOf is what the release says to which e adds a file.
func (s *shelf) coreOf(e event) core {
	for _, other := range s.events {
		if other.kind == release && other.version == e.version {
			return other.core
		}
	}
	return core{}
}

// hugeSize is beyond what a client should read.
const hugeSize = 11 << 20

// document is a METADATA or PKG-INFO that is written when it is asked for.
type document struct {
	name, version, python string
	sdist                 bool
	core                  core
}

// text writes the document: core metadata 2.4, or 2.1 for an old source
// distribution.
func (d document) text() []byte {
	var b strings.Builder
	version, name := "2.4", d.name
	if d.sdist && d.core.has(SdistOld) {
		version = "2.1"
	}
	if d.core.has(Misnamed) {
		name = "not-" + name
	}
	fmt.Fprintf(&b, "Metadata-Version: %s\nName: %s\nVersion: %s\n", version, name, d.version)
	if d.sdist && d.core.has(SdistDynamic) {
		b.WriteString("Dynamic: Requires-Dist\n")
	}
	if d.python != "" {
		fmt.Fprintf(&b, "Requires-Python: %s\n", d.python)
	}
	if d.core.home != "" {
		fmt.Fprintf(&b, "Home-page: %s\n", d.core.home)
	}
	for _, link := range d.core.links {
		fmt.Fprintf(&b, "Project-URL: %s\n", link)
	}
	for _, extra := range d.core.extras {
		fmt.Fprintf(&b, "Provides-Extra: %s\n", extra)
	}
	if !d.sdist || !d.core.has(SdistDynamic) {
		for _, line := range d.core.requires {
			fmt.Fprintf(&b, "Requires-Dist: %s\n", line)
		}
		if d.core.has(Broken) {
			b.WriteString("Requires-Dist: no requirement at all (>=\n")
		}
	}
	if d.core.has(Huge) {
		b.WriteString("\n" + strings.Repeat("A line of a very long description, of which there are many more.\n", hugeSize/65))
	}
	return []byte(b.String())
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
