package metadata

import (
	"reflect"
	"testing"
)

func TestLinks(t *testing.T) {
	m, err := Parse([]byte(`Metadata-Version: 2.1
Name: acme
Version: 1.0
Project-URL: What's New, https://acme.example/new
Project-URL: Changelog, https://acme.example/second
Project-URL: Source Code, https://git.example/acme?a=b
Project-URL: Release-Notes, javascript:alert(1)
Project-URL: Releasenotes, https://user:secret@acme.example/
Project-URL: releasenotes, //acme.example/x
Project-URL: Donate, https://acme.example/donate
Project-URL: no comma
Requires-Dist: six
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Link{{Changelog, "https://acme.example/new"}, {Repository, "https://git.example/acme?a=b"}}
	if !reflect.DeepEqual(m.Links, want) {
		t.Errorf("have %v", m.Links)
	}
	back, err := new(Decoder).Decode(m.Encode())
	if err != nil || !reflect.DeepEqual(back.Links, want) || len(back.Requires) != 1 {
		t.Errorf("stored: %v, %v", back.Links, err)
	}
	m.Links = nil
	old := m.Encode()
	old[0] = 1
	if back, err = new(Decoder).Decode(old[:len(old)-1]); err != nil || len(back.Links) != 0 {
		t.Errorf("version 1: %v, %v", back.Links, err)
	}
}
