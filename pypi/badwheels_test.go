package pypi

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestBadWheels asks for wheels that are broken or hostile.
func TestBadWheels(t *testing.T) {
	info := func(text string) member { return member{"acme-1.0.dist-info/METADATA", text, 8} }
	good := wheelOf(t, 10, acmeMetadata)
	// edited is the good wheel with bytes changed at a place counted from the
	// signature, the last of its sort.
	edited := func(signature string, at int, bytes_ ...byte) []byte {
		out := bytes.Clone(good)
		i := bytes.LastIndex(out, []byte(signature))
		copy(out[i+at:], bytes_)
		return out
	}
	// The directory's entry of METADATA is the second of three.
	entry := bytes.Index(good, []byte("PK\x01\x02"))
	entry += bytes.Index(good[entry+4:], []byte("PK\x01\x02")) + 4
	editedEntry := func(at int, bytes_ ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[entry+at:], bytes_)
		return out
	}
	unpackedSize := len(acmeMetadata)
	large := zipOf(t, info(acmeMetadata+strings.Repeat(" ", 11<<20)))
	lying := bytes.Clone(large) // says that 256 bytes are in it
	copy(lying[bytes.LastIndex(lying, []byte("PK\x01\x02"))+24:], []byte{0, 1, 0, 0})
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"no zip":                       {[]byte("hello"), "refused is no zip archive: it has no end record"},
		"nothing":                      {nil, "refused is no zip archive: it has no end record"},
		"an empty zip":                 {zipOf(t), "refused has no .dist-info folder"},
		"no folder":                    {zipOf(t, member{"acme/METADATA", acmeMetadata, 8}), "refused has no .dist-info folder"},
		"two folders":                  {zipOf(t, info(acmeMetadata), member{"other-1.0.dist-info/METADATA", "", 0}), "refused has several .dist-info folders"},
		"another's folder":             {zipOf(t, member{"other-1.0.dist-info/METADATA", acmeMetadata, 0}), "refused has the .dist-info folder of another project, other-1.0.dist-info"},
		"no metadata":                  {zipOf(t, member{"acme-1.0.dist-info/RECORD", "", 0}), "refused has no METADATA"},
		"metadata deeper":              {zipOf(t, member{"acme-1.0.dist-info/x/METADATA", acmeMetadata, 0}), "refused has no METADATA"},
		"metadata twice":               {zipOf(t, info(acmeMetadata), info(acmeMetadata)), "refused has METADATA twice"},
		"a NUL in a name":              {zipOf(t, info(acmeMetadata), member{"acme-1.0.dist-info/METADATA\x00x", "", 0}), "refused has a member with a NUL in its name"},
		"another project":              {zipOf(t, info(strings.Replace(acmeMetadata, "acme", "Other\x07", 1))), "refused has the metadata of another project, Other?"},
		"another version":              {zipOf(t, info(strings.Replace(acmeMetadata, "1.0", "1.0.1", 1))), "refused has the metadata of another version, 1.0.1"},
		"no version":                   {zipOf(t, info(strings.Replace(acmeMetadata, "1.0", "one", 1))), "refused has the metadata of another version, one"},
		"a broken requirement":         {zipOf(t, info(strings.Replace(acmeMetadata, "foo>=1", "foo>=one", 1))), `refused has the requirement "foo>=one", which does not parse (PEP 508)`},
		"eleven MiB":                   {large, "refused has more than 4 MiB of metadata"},
		"a bomb":                       {lying, "refused lies about the size of its metadata"},
		"no UTF-8":                     {zipOf(t, info(acmeMetadata+"\xff")), "refused has metadata that is not UTF-8"},
		"fewer members":                {edited("PK\x05\x06", 10, 2, 0), "refused lies about the number of its members"},
		"more members":                 {edited("PK\x05\x06", 10, 4, 0), "refused lies about the number of its members"},
		"a directory elsewhere":        {edited("PK\x05\x06", 16, 0xff, 0xff, 0xff, 0x7f), "refused lies about where its zip directory is"},
		"a huge directory":             {edited("PK\x05\x06", 12, 0xff, 0xff, 0xff, 0x7f), "refused lies about where its zip directory is"},
		"a shorter directory":          {edited("PK\x05\x06", 12, 50), "refused has a damaged zip directory"},
		"a damaged entry":              {editedEntry(0, 'X'), "refused has a damaged zip directory"},
		"an entry beyond the end":      {editedEntry(28, 0xff, 0xff), "refused has a damaged zip directory"},
		"smaller than it is":           {editedEntry(24, byte(unpackedSize-1)), "refused lies about the size of its metadata"},
		"larger than it is":            {editedEntry(24, byte(unpackedSize+1)), "refused lies about the size of its metadata"},
		"packed smaller":               {editedEntry(20, 9), "refused has damaged metadata: it does not unpack"},
		"packed larger than the file":  {editedEntry(20, 0xff, 0xff, 0), "refused lies about where its metadata is"},
		"packed larger than the cap":   {editedEntry(20, 0xff, 0xff, 0xff), "refused lies about the size of its metadata"},
		"stored of two sizes":          {editedEntry(10, 0), "refused lies about the size of its metadata"},
		"an unknown method":            {editedEntry(10, 14), "unknown has metadata packed by method 14, which is not read"},
		"encrypted":                    {editedEntry(8, 1), "refused has encrypted metadata"},
		"another checksum":             {editedEntry(16, 1, 2, 3, 4), "refused has damaged metadata: its checksum differs"},
		"another place":                {editedEntry(42, 1), "refused lies about where its metadata is"},
		"a place beyond the end":       {editedEntry(42, 0, 0, 0, 0x70), "refused lies about where its metadata is"},
		"a place that needs 64 bits":   {editedEntry(42, 0xff, 0xff, 0xff, 0xff), "refused lies about where its metadata is"},
		"a zip64 record that is not":   {zip64(t, func(b []byte) { b[0] = 'X' }), "refused lies about where its zip64 record is"},
		"a zip64 record elsewhere":     {zip64(t, func(b []byte) { b[end64Size+8+6] = 1 }), "refused lies about where its zip64 record is"},
		"a zip64 directory elsewhere":  {zip64(t, func(b []byte) { b[48+7] = 0xff }), "refused lies about where its zip directory is"},
		"a zip64 directory of 2^64":    {zip64(t, func(b []byte) { copy(b[40:], bytes.Repeat([]byte{0xff}, 8)) }), "refused lies about where its zip directory is"},
		"a zip64 number of members":    {zip64(t, func(b []byte) { b[32+4] = 1 }), "refused lies about the number of its members"},
		"a zip64 record, all in order": {zip64(t, func([]byte) {}), knownAcme},
		"text before the archive":      {append([]byte("#!/usr/bin/python\n"), good...), knownAcme},
		"a comment with a signature":   {commented(good, "PK\x05\x06 and more that is no end record"), knownAcme},
		"the good one":                 {good, knownAcme},
		"folder in another spelling":   {zipOf(t, member{"ACME-1.0.dist-info/METADATA", acmeMetadata, 0}), knownAcme},
	} {
		t.Run(what, func(t *testing.T) {
			want := strings.Replace(strings.Replace(c.want, "refused ", "refused "+wheelName+" ", 1), "unknown ", "unknown "+wheelName+" ", 1)
			// Once with a digest, so that the whole is looked at, once without.
			for _, change := range []func(*FileDetails){nil, func(f *FileDetails) { f.SHA256 = "" }} {
				s := &shop{file: c.file}
				if s.file == nil {
					s.file = []byte{}
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				a, err := asked(t, s, wheelName, change)
				runtime.ReadMemStats(&after)
				if got := verdict(a, err); got != want {
					t.Errorf("have %s (%v)\nwant %s", got, err, want)
				}
				if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 128 {
					t.Errorf("%d MiB were allocated", used)
				}
			}
		})
	}
}

// zip64 is the good wheel with a zip64 record, which change may damage; the
// record is followed by its locator.
func zip64(tb testing.TB, change func(record []byte)) []byte {
	tb.Helper()
	good := wheelOf(tb, 10, acmeMetadata)
	at := len(good) - endSize
	end := bytes.Clone(good[at:])
	record := make([]byte, end64Size+locatorSize)
	copy(record, "PK\x06\x06")
	record[4] = end64Size - 12
	copy(record[24:], []byte{3, 0, 0, 0, 0, 0, 0, 0, 3})
	copy(record[40:], end[12:16])
	copy(record[48:], end[16:20])
	copy(record[end64Size:], "PK\x06\x07")
	record[end64Size+8], record[end64Size+9] = byte(at), byte(at>>8)
	record[end64Size+16] = 1
	change(record)
	copy(end[8:], bytes.Repeat([]byte{0xff}, 12))
	return slices.Concat(good[:at], record, end)
}

func commented(archive []byte, comment string) []byte {
	out := append(bytes.Clone(archive), comment...)
	out[len(archive)-2] = byte(len(comment))
	return out
}
