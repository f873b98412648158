package gitlab

import "testing"

// FuzzReport: no answer of a server makes a push done that it does not report whole,
// and none ends the program.
func FuzzReport(f *testing.F) {
	const ref = "refs/heads/production"
	good := packet("unpack ok\n") + packet("ok "+ref+"\n") + "0000"
	for _, text := range []string{good, packet("unpack ok\n") + packet("ng "+ref+" no\n") + "0000", packet("\x01"+good) + "0000", packet("\x02hi\n") + packet("\x01"+good) + "0000",
		packet("# service=git-receive-pack\n") + "0000" + packet(zeroSHA+" "+ref+"\x00report-status\n") + "0000", "0004", "ffff", ""} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, sideband bool) {
		r, err := readReport(body, ref, sideband)
		if err == nil && r.ok && r.why != "" {
			t.Errorf("done, and %q", r.why)
		}
		if a, err := readAdvertised(body, ref); err == nil && a.head != "" && !isSHA(a.head) {
			t.Errorf("the head is %q", a.head)
		}
	})
}
