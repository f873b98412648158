package gitlab

import (
	"crypto/sha1" //nolint:gosec // the checksum of git's format
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// This file is the few lines of git's protocol that move a branch between two commits
// that the server has: pkt-lines, the advertisement of refs, a command with an empty
// pack, and the report. It is pure.
// https://git-scm.com/docs/protocol-common and https://git-scm.com/docs/pack-protocol

// errProtocol is an answer that is not what the protocol allows, or a part of one.
var errProtocol = errors.New("the answer is no whole one of git's protocol")

// packets reads pkt-lines.
type packets struct{ rest []byte }

// next is the next line without its length. flush is a packet without a line. At the
// end of the text it is errProtocol: every text ends with a flush.
func (p *packets) next() (line []byte, flush bool, err error) {
	const head = 4
	if len(p.rest) < head {
		return nil, false, errProtocol
	}
	size, err := strconv.ParseUint(string(p.rest[:head]), 16, 16)
	switch {
	case err != nil, size > 0 && size < head, int(size) > len(p.rest):
		return nil, false, errProtocol
	case size == 0:
		p.rest = p.rest[head:]
		return nil, true, nil
	}
	line, p.rest = p.rest[head:size], p.rest[size:]
	return line, false, nil
}

// packet is one pkt-line.
func packet(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// advertised is what a server says before a push.
type advertised struct {
	head         string // of the ref that was asked for; "" if there is none
	capabilities map[string]string
}

// zeroSHA stands for a ref that does not exist.
const zeroSHA = "0000000000000000000000000000000000000000"

// readAdvertised reads an advertisement of refs over smart HTTP, for one ref.
func readAdvertised(body []byte, ref string) (advertised, error) {
	out := advertised{capabilities: map[string]string{}}
	p := &packets{body}
	line, _, err := p.next()
	if err != nil || strings.TrimSuffix(string(line), "\n") != "# service=git-receive-pack" {
		return out, errProtocol
	}
	if _, flush, err := p.next(); err != nil || !flush {
		return out, errProtocol
	}
	for first := true; ; first = false {
		line, flush, err := p.next()
		if err != nil || flush {
			return out, err
		}
		text := strings.TrimSuffix(string(line), "\n")
		if first {
			text = out.takeCapabilities(text)
		}
		sha, name, _ := strings.Cut(text, " ")
		switch {
		case sha == "shallow":
		case !isSHA(sha) || name == "":
			return out, errProtocol
		case name == ref:
			out.head = sha
		}
	}
}

// takeCapabilities takes the capabilities off the first line.
func (a advertised) takeCapabilities(text string) string {
	text, words, _ := strings.Cut(text, "\x00")
	for word := range strings.FieldsSeq(words) {
		name, value, _ := strings.Cut(word, "=")
		a.capabilities[name] = value
	}
	return text
}

// isSHA reports whether a text is the full name of a commit.
func isSHA(text string) bool {
	return len(text) == len(zeroSHA) && strings.Trim(text, "0123456789abcdef") == ""
}

// command is the body of a push that moves one ref: the command, a flush, and a pack
// without objects.
func command(old, to, ref string, sideband bool) []byte {
	words := " report-status agent=pinwheel"
	if sideband {
		words = " report-status side-band-64k agent=pinwheel"
	}
	out := []byte(packet(old+" "+to+" "+ref+"\x00"+words) + "0000")
	pack := binary.BigEndian.AppendUint32(append([]byte("PACK"), 0, 0, 0, 2), 0)
	sum := sha1.Sum(pack) //nolint:gosec // the same
	return append(append(out, pack...), sum[:]...)
}

// report is what a server says of a push of one ref.
type report struct {
	ok   bool
	why  string // where it is not
	said string // what hooks printed, for people
}

// maxSaid bounds what hooks printed.
const maxSaid = 4 << 10

// readReport reads the report about a ref. An answer that is cut short, or says two
// things of the ref, is an error: nobody knows then what was done.
func readReport(body []byte, ref string, sideband bool) (report, error) {
	var out report
	if sideband {
		var err error
		if body, out.said, err = bands(body); err != nil {
			return out, err
		}
	}
	p := &packets{body}
	unpacked, seen := "", false
	for {
		line, flush, err := p.next()
		if err != nil {
			return out, err
		}
		if flush {
			break
		}
		kind, rest, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		name, why, _ := strings.Cut(rest, " ")
		switch {
		case kind == "unpack" && unpacked == "":
			unpacked = rest
		case (kind == "ok" || kind == "ng") && name == ref && !seen:
			out.ok, out.why, seen = kind == "ok", why, true
		default:
			return out, errProtocol
		}
	}
	switch {
	case unpacked == "" || !seen && unpacked == "ok":
		return out, errProtocol
	case unpacked != "ok":
		out.ok, out.why = false, strings.TrimSpace(unpacked+" "+out.why)
	}
	return out, nil
}

// bands takes the first band of an answer, which is the report, and the second, which
// is for people.
func bands(body []byte) (data []byte, said string, err error) {
	p := &packets{body}
	for {
		line, flush, err := p.next()
		if err != nil {
			return nil, "", err
		}
		if flush {
			return data, plain(said), nil
		}
		if len(line) == 0 {
			return nil, "", errProtocol
		}
		switch text := line[1:]; line[0] {
		case 1:
			data = append(data, text...)
		case 2:
			said += string(text[:min(len(text), maxSaid-min(maxSaid, len(said)))])
		default:
			return nil, "", fmt.Errorf("%w: %s", errProtocol, plain(string(text)))
		}
	}
}
