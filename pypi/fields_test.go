package pypi

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzFields walks what a decoder takes for an object, and compares the fields with those
// that the decoder itself reads one by one.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a":1}`, `{ "a" : -1.5e3 , "b" : "x\"y\\" , "c":[1,{"}":"]"}, [ ]] , "d":{"e":{}} }`, "{\n\"a\"\t:\r null,\"a\":true , \"\":false}",
		`{"\u0061\\":"\\\\","b\"":"\\\""}`, `[{"a":1}]`, `{"a":"`, `{"a":1} {"b":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		decoder := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
		raw, err := decoder.ReadValue()
		if err != nil || raw.Kind() != '{' {
			return
		}
		var want, got []string
		again := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
		if _, err := again.ReadToken(); err != nil {
			t.Fatal(err)
		}
		for again.PeekKind() != '}' {
			part, err := again.ReadValue()
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(part))
		}
		for in := (fields{raw: raw}); in.next(); {
			got = append(got, string(in.key), string(in.value))
		}
		if len(got) != len(want) {
			t.Fatalf("%q has %q, want %q", raw, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%q has %q, want %q", raw, got, want)
			}
		}
	})
}
