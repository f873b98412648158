package plan

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// asked are the windows of the comparison. A second judge reads them as sets
// of numbers, so that no parser of cron is asked twice.
var asked = []struct {
	Spec                            string
	Minutes, Hours, Days, Mon, Week []int // nil: every one; 0 is Sunday
}{
	{Spec: "* * * * SAT,SUN", Week: []int{6, 0}},
	{Spec: "* 0-5,22-23 * * *", Hours: []int{0, 1, 2, 3, 4, 5, 22, 23}},
	{Spec: "30-59 * 1,15,31 * *", Minutes: []int{30, 45}, Days: []int{1, 15, 31}},
	{Spec: "* 0-2 25-31 3,10 7", Hours: []int{0, 1, 2}, Days: []int{25, 26, 27, 28, 29, 30, 31}, Mon: []int{3, 10}, Week: []int{0}},
}

// zoneinfo answers with Python's zoneinfo. For each zone it finds the offset at
// every half hour, and looks the local clock up in a table that was made once
// for each window from naive local times. It writes, zone by zone, one byte
// for each half hour in which bit n is the answer for window n.
const zoneinfo = `
import json, sys, zoneinfo
from datetime import datetime, timedelta, timezone
from itertools import groupby
q = json.load(sys.stdin)
zoneinfo.reset_tzpath([q["Path"]])
start, count, quarter = q["Start"], q["Count"], 900
pad = 2 * 96
base = datetime(1970, 1, 1) + timedelta(seconds=start - pad * quarter)
table = bytearray(2 * count + 2 * pad)
def has(of, n): return of is None or n in of
for i in range(len(table)):
    at = base + timedelta(seconds=i * quarter)
    for n, w in enumerate(q["Asked"]):
        if (has(w["Minutes"], at.minute) and has(w["Hours"], at.hour) and has(w["Days"], at.day)
                and has(w["Mon"], at.month) and has(w["Week"], at.isoweekday() % 7)):
            table[i] |= 1 << n
instants = range(start, start + count * 1800, 1800)
out, epoch = sys.stdout.buffer, datetime(1970, 1, 1)
for name in q["Zones"]:
    zone, answer, i = zoneinfo.ZoneInfo(name), bytearray(), 0
    at = datetime.fromtimestamp
    for offset, group in groupby(at(t, zone).utcoffset() for t in instants):
        n, seconds = sum(1 for _ in group), int(offset.total_seconds())
        if seconds % quarter:
            sys.exit("%s is %d seconds off UTC" % (name, seconds))
        first = pad + 2 * i + seconds // quarter
        answer += table[first:first + 2 * n:2]
        i += n
    out.write(answer)
    out.flush()
`

// odd are zones whose midnights or offsets are.
var odd = []string{"America/Santiago", "America/Havana", "Atlantic/Azores", "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"}

// TestWindowAgainstZoneinfo asks Python's zoneinfo, with the zone files that Go
// brings along, about every half hour of three years in the odd zones and every
// fortieth other one, or in those that PINWHEEL_PART says.
func TestWindowAgainstZoneinfo(t *testing.T) {
	t.Parallel()
	python := testenv.Command(t, "python3")
	testenv.Need(t, exec.CommandContext(t.Context(), python, "-c", "import zoneinfo").Run() == nil, "a python3 with zoneinfo")
	zones, aliases := unpackZones(t)
	names := slices.Sorted(maps.Keys(zones.data))
	part, i := testenv.Sample(t, 40), -1
	names = slices.DeleteFunc(names, func(name string) bool {
		i++
		return !part.Has(i) && !slices.Contains(odd, name)
	})
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	count := int(start.AddDate(3, 0, 0).Sub(start) / (30 * time.Minute))
	question, err := json.Marshal(map[string]any{
		"Path": zones.dir, "Zones": names, "Start": start.Unix(), "Count": count, "Asked": asked,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", zoneinfo)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(question), &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReaderSize(out, count)
	var all sync.WaitGroup
	var compared atomic.Int64
	seen := make([]byte, 2) // which windows were answered no, and yes
	for _, name := range names {
		answer := make([]byte, count)
		if _, err := io.ReadFull(answers, answer); err != nil {
			_ = cmd.Wait()
			t.Fatalf("zoneinfo did not answer for %s: %v\n%s", name, err, said.String())
		}
		for _, a := range answer {
			seen[0], seen[1] = seen[0]|^a, seen[1]|a
		}
		all.Go(func() { compared.Add(compareZone(t, name, zones.data[name], start, answer)) })
	}
	all.Wait()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if every := byte(1)<<len(asked) - 1; seen[0]&every != every || seen[1]&every != every {
		t.Errorf("a window was always open or never: %b %b", seen[0], seen[1])
	}
	t.Logf("%d of %d zone files, which have %d names, %d half hours, %d windows: %d answers equal",
		len(names), len(zones.data), len(zones.data)+aliases, count, len(asked), compared.Load())
}

// compareZone asks Inside what was answered for one zone. Under the race
// detector it asks around every change of an answer, and of the rest a tenth.
func compareZone(t *testing.T, name string, data []byte, start time.Time, answer []byte) (compared int64) {
	location, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Error(err)
		return 0
	}
	for n, q := range asked {
		w, err := ParseWindow([]string{q.Spec}, location)
		if err != nil {
			t.Error(err)
			return compared
		}
		for i, a := range answer {
			quiet := i > 0 && i+1 < len(answer) && answer[i-1] == a && answer[i+1] == a
			if testenv.Raced && quiet && i%10 != 0 {
				continue
			}
			at := start.Add(time.Duration(i) * 30 * time.Minute)
			if want := a>>n&1 == 1; w.Inside(at) != want {
				t.Errorf("%q in %s at %s, which is %s there: inside %v, zoneinfo says %v", q.Spec, name,
					at.Format(time.RFC3339), at.In(location).Format("Mon 2006-01-02 15:04 -0700"), !want, want)
				return compared
			}
			compared++
		}
	}
	return compared
}

type zoneFiles struct {
	dir  string
	data map[string][]byte // by name; of files that are equal, the first
}

// unpackZones writes the zone files of this Go into a folder, and counts those
// that only repeat another one.
func unpackZones(t *testing.T) (zones zoneFiles, aliases int) {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	testenv.Need(t, err == nil, "a go command")
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	testenv.Need(t, err == nil, "Go's zone files (lib/time/zoneinfo.zip)")
	defer archive.Close()
	zones = zoneFiles{dir: t.TempDir(), data: map[string][]byte{}}
	seen := map[string]bool{}
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if seen[string(data)] {
			aliases++
			continue
		}
		seen[string(data)] = true
		path := filepath.Join(zones.dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		zones.data[f.Name] = data
	}
	return zones, aliases
}
