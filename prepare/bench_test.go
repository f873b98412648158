package prepare

import (
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// BenchmarkUnpack unpacks a set of 200 MB in 4,000 files, which compresses as byte code
// does, and has tar do the same beside it. The metrics are of processor time:
// own-ms/op, tar-ms/op and their ratio.
//
//	go test -run '^$' -bench Unpack -benchtime 5x ./prepare
func BenchmarkUnpack(b *testing.B) {
	tar := testenv.Command(b, "tar")
	for _, how := range Compressions() {
		b.Run(string(how), func(b *testing.B) {
			dir := b.TempDir()
			root := filepath.Join(dir, "set")
			tarball := filepath.Join(dir, tarballName("x", how))
			madeOf200MB(b, root, tarball, how)
			var own, other time.Duration
			for b.Loop() {
				began := used(syscall.RUSAGE_SELF)
				if _, err := Unpack(b.Context(), tarball, Unpacking{Interpreter: ourPython}); err != nil {
					b.Fatal(err)
				}
				own += used(syscall.RUSAGE_SELF) - began
				to := filepath.Join(dir, "tar")
				if err := os.MkdirAll(to, 0o750); err != nil {
					b.Fatal(err)
				}
				began = used(syscall.RUSAGE_CHILDREN)
				_, err := exec.CommandContext(b.Context(), tar, "-xf", tarball, "-C", to).CombinedOutput()
				testenv.Need(b, err == nil, "a tar that reads "+string(how))
				other += used(syscall.RUSAGE_CHILDREN) - began
				if err := os.RemoveAll(to); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(own.Milliseconds())/float64(b.N), "own-ms/op")
			b.ReportMetric(float64(other.Milliseconds())/float64(b.N), "tar-ms/op")
			b.ReportMetric(float64(own)/float64(other), "ratio")
		})
	}
}

// madeOf200MB packs a set of that size.
func madeOf200MB(b *testing.B, root, tarball string, how Compression) {
	b.Helper()
	words := strings.Fields("self return None import def class raise yield lambda value name path error result")
	r := rand.New(rand.NewPCG(1, 2))
	if err := os.MkdirAll(filepath.Join(root, "venv"), 0o750); err != nil {
		b.Fatal(err)
	}
	for n := range 4000 {
		var text strings.Builder
		for text.Len() < 50_000 {
			text.WriteString(words[r.IntN(len(words))])
			text.WriteByte(byte(r.IntN(256)))
		}
		if err := os.WriteFile(filepath.Join(root, "venv", "f"+string(rune('a'+n%26))+strings.Repeat("x", n/26%20)+string(rune('a'+n/520))), []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	members, err := survey(root, "")
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(tarball)
	if err != nil {
		b.Fatal(err)
	}
	m := Manifest{Format: 1, Interpreter: ourPython, Root: root, Members: members}
	if err := pack(io.Writer(f), root, m, how); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, manifestName), []byte("{}\n"), 0o600); err != nil { // a set's, to be replaced
		b.Fatal(err)
	}
}

// used is the processor time of this process, or of its children that have ended.
func used(who int) time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
