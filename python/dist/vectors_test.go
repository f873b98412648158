package dist

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

func TestVectorsFilenames(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testenv.Shared(t), "data", "vectors", "filenames.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			In, Kind, Name, Version string
			Build                   []any
			Tags                    []string
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("filenames.json holds no cases")
	}
	for _, want := range file.Cases {
		if packing := PackingOf(want.In); packing != "" && want.Kind == "" && packing != Gzip && packing != Zip {
			continue // packaging knows the endings of PEP 625 alone; pip takes the others, too
		}
		f, err := Parse(want.In)
		if err != nil {
			if want.Kind != "" {
				t.Errorf("Parse(%q): %v", want.In, err)
			}
			continue
		}
		if string(f.Kind) != want.Kind || f.Name() != want.Name || f.Version.String() != want.Version {
			t.Errorf("Parse(%q) = %s %s %s, want %+v", want.In, f.Kind, f.Name(), f.Version, want)
		}
		if (f.Build() != "") != (len(want.Build) > 0) {
			t.Errorf("Parse(%q): build %q, want %v", want.In, f.Build(), want.Build)
		}
		var tags []string
		for _, tag := range f.Tags() {
			tags = append(tags, tag.String())
		}
		slices.Sort(tags)
		if !slices.Equal(slices.Compact(tags), want.Tags) {
			t.Errorf("Parse(%q): tags %q, want %q", want.In, tags, want.Tags)
		}
		if again, err := ParseFor(want.Name, want.In); err != nil || again.Version.Raw() != f.Version.Raw() {
			t.Errorf("ParseFor(%q, %q) = %v, %v", want.Name, want.In, again, err)
		}
	}
}
