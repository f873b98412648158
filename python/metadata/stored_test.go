package metadata

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// drawn is metadata as Parse makes it.
func drawn(t *rapid.T) Metadata {
	text := rapid.String()
	m := Metadata{MetadataVersion: text.Draw(t, "format"), Name: text.Draw(t, "name"), Version: text.Draw(t, "version"), RequiresPython: text.Draw(t, "python")}
	lines := rapid.SliceOf(rapid.SampledFrom([]string{"foo", "foo>=1", "bar[x] (==2.*) ; python_version < '3'", "baz @ https://x/y;z", "baz @ https://x/y ; os_name=='x'", "a;extra=='b'", "a ; extra == ';'"}))
	for _, line := range lines.Draw(t, "lines") {
		r, err := pep508.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		m.Requires, m.RequiresDist = append(m.Requires, r), append(m.RequiresDist, line)
	}
	m.Extras = append(m.Extras, rapid.SliceOf(text).Draw(t, "extras")...)
	m.Dynamic = append(m.Dynamic, rapid.SliceOf(text).Draw(t, "dynamic")...)
	return m
}

func TestStoredRoundTrip(t *testing.T) {
	var d Decoder // shared, so that nothing of one shows in the next
	rapid.Check(t, func(t *rapid.T) {
		m := drawn(t)
		data := m.Encode()
		back, err := d.Decode(data)
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("%v\nhave %+v\nwant %+v", err, back, m)
		}
		for i := range data {
			data[i] = 'x' // what was decoded holds nothing of it
		}
		if !reflect.DeepEqual(back, m) {
			t.Fatal("it changed with the bytes it was read from")
		}
	})
}

func TestDamagedStored(t *testing.T) {
	m, err := Parse([]byte(head + "Requires-Dist: foo\nProvides-Extra: x\nDynamic: y\n"))
	if err != nil {
		t.Fatal(err)
	}
	good := m.Encode()
	var d Decoder
	for i := range good {
		if _, err := d.Decode(good[:i]); err == nil {
			t.Errorf("the first %d of %d bytes decode", i, len(good))
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(good), 0), append([]byte{9}, good[1:]...), bytes.Replace(good, []byte("foo"), []byte("f o"), 1)} {
		if _, err := d.Decode(bad); err == nil {
			t.Errorf("% x decodes", bad)
		}
	}
}

func FuzzDecode(f *testing.F) {
	m, err := Parse([]byte(head + "Requires-Dist: foo\nProvides-Extra: x\nDynamic: y\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Decoder
		m, err := d.Decode(data)
		if err != nil {
			return
		}
		back, err := d.Decode(m.Encode())
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Fatalf("%v\nhave %+v\nwant %+v", err, back, m)
		}
	})
}

// many are the stored forms of n releases of eight requirements each, ten
// releases a project, of which each changes one line.
func many(tb testing.TB, n int) (forms [][]byte) {
	tb.Helper()
	for i := range n {
		var b bytes.Buffer
		fmt.Fprintf(&b, "Metadata-Version: 2.1\nName: acme-%d\nVersion: 1.%d\nRequires-Python: >=3.8\nProvides-Extra: x\n", i/10, i%10)
		for j := range 8 {
			release := 0
			if j == 0 {
				release = i % 10
			}
			fmt.Fprintf(&b, "Requires-Dist: other-%d-%d (>=1.%d,<2,!=1.2.3) ; python_version < '3.%d' and extra == 'x'\n", i/10, j, release, 8+j)
		}
		m, err := Parse(b.Bytes())
		if err != nil {
			tb.Fatal(err)
		}
		forms = append(forms, m.Encode())
	}
	return forms
}

func BenchmarkDecode1500(b *testing.B) {
	forms := many(b, 1500)
	b.ReportAllocs()
	for b.Loop() {
		var d Decoder
		for _, data := range forms {
			if _, err := d.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	files := recorded(b)
	size := 0
	for _, data := range files {
		size += len(data)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		for path, data := range files {
			if _, err := Parse(data); err != nil && !strings.Contains(path, "ipython-4.1.0rc1-") {
				b.Fatal(path, err)
			}
		}
	}
}
