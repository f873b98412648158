package prepare

import (
	"errors"
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

// BenchmarkBuild makes a build of two packages with what they require, by real git, venv
// and pip, and a hit: the same build is got from where it is kept instead. cpu-ms/op is
// the processor time of this process and of those that it starts, own-ms/op that of this
// process alone, with the index and the GitLab of the benchmark, and wall-ms/op the time
// that passes.
//
//	go test -run '^$' -bench Build -benchtime 5x ./prepare
func BenchmarkBuild(b *testing.B) {
	w := newWorld(b)
	w.mustLock()
	shelf := InFolder(b.TempDir())
	w.mustBuild("python")
	if _, _, err := Push(b.Context(), shelf, Pushing{Dir: w.lockDir(), Image: "python"}); err != nil {
		b.Fatal(err)
	}
	measured := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			began, own, others := time.Now(), used(syscall.RUSAGE_SELF), used(syscall.RUSAGE_CHILDREN)
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
			own = used(syscall.RUSAGE_SELF) - own
			b.ReportMetric(ms(own), "own-ms/op")
			b.ReportMetric(ms(own+used(syscall.RUSAGE_CHILDREN)-others), "cpu-ms/op")
			b.ReportMetric(ms(time.Since(began)), "wall-ms/op")
		})
	}
	var pip, all time.Duration
	n := 0
	measured("build", func() error {
		p := w.prepared("python")
		defer p.Close()
		built, err := p.Build(b.Context())
		pip, all, n = pip+built.Pip, all+built.All, n+1
		return err
	})
	b.Logf("of %s for a build, venv and pip took %s", all/time.Duration(n), pip/time.Duration(n))
	measured("hit", func() error {
		p := w.prepared("python")
		defer p.Close()
		r, found, err := Fetch(b.Context(), shelf, w.lockDir(), Kept{Image: "python", Key: p.Key})
		if err == nil && !found {
			return errors.New("the build is not kept")
		}
		return errors.Join(err, p.Keep(r))
	})
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
