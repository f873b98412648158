package pep508

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/python/pep440"
)

// vectors is one file of recorded answers of the reference implementation.
type vectors[T any] struct {
	Meta struct {
		Environments map[string]map[string]string
	}
	Cases []T
}

func readVectors[T any](tb testing.TB, name string) vectors[T] {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(testenv.Shared(tb), "data", "vectors", name))
	if err != nil {
		tb.Fatal(err)
	}
	var file vectors[T]
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatalf("read %s: %v", name, err)
	}
	if len(file.Cases) == 0 {
		tb.Fatalf("%s holds no cases", name)
	}
	return file
}

func TestVectorsNames(t *testing.T) {
	for _, c := range readVectors[[2]string](t, "names.json").Cases {
		if got := NormalizeName(c[0]); got != c[1] {
			t.Errorf("NormalizeName(%q) = %q, want %q", c[0], got, c[1])
		}
		if !ValidName(c[0]) {
			t.Errorf("ValidName(%q) is false", c[0])
		}
	}
}

func TestVectorsRequirements(t *testing.T) {
	type requirement struct {
		In        string
		Valid     bool
		Name      string
		Canonical string
		Extras    []string
		Specifier []string
		Marker    string
		URL       string
	}
	for _, want := range readVectors[requirement](t, "requirements.json").Cases {
		r, err := Parse(want.In)
		if (err == nil) != want.Valid {
			t.Errorf("Parse(%q): error is %v, the reference has valid %v", want.In, err, want.Valid)
		}
		if err != nil {
			continue
		}
		if r.Name != want.Name || r.Key() != want.Canonical || !slices.Equal(r.Extras, want.Extras) ||
			!sameClauses(r.Specifiers, want.Specifier) || r.Marker.String() != want.Marker || r.URL != want.URL {
			t.Errorf("Parse(%q)\n got %+v\nwant %+v", want.In, r, want)
		}
		if again, err := Parse(r.String()); err != nil || again.String() != r.String() {
			t.Errorf("Parse(%q) prints as %q, which parses to %q, %v", want.In, r, again, err)
		}
	}
}

func TestVectorsMarkers(t *testing.T) {
	type marker struct {
		In    string
		Valid bool
		Norm  string
		Eval  map[string]any
	}
	file := readVectors[marker](t, "markers.json")
	environments := map[string]Environment{}
	for name, variables := range file.Meta.Environments {
		environments[name] = environment(variables)
	}
	for _, want := range file.Cases {
		m, err := ParseMarker(want.In)
		if (err == nil) != want.Valid {
			t.Errorf("ParseMarker(%q): error is %v, the reference has valid %v", want.In, err, want.Valid)
		}
		if err != nil {
			continue
		}
		if got := m.String(); got != want.Norm {
			t.Errorf("ParseMarker(%q)\n got %s\nwant %s", want.In, got, want.Norm)
		}
		for name, env := range environments {
			result := want.Eval[name]
			if got := evaluation(m.Eval(env)); got != result {
				t.Errorf("%q in %s: got %v, want %v", want.In, name, got, result)
			}
			// The file leaves out what an extra does not change.
			for _, extra := range []string{"test", "dev-tools"} {
				result := result
				if changed, ok := want.Eval[name+"|"+extra]; ok {
					result = changed
				}
				if got := evaluation(m.Eval(env.WithExtras(extra))); got != result {
					t.Errorf("%q in %s with %s: got %v, want %v", want.In, name, extra, got, result)
				}
			}
		}
	}
}

// evaluation gives a result of Eval as the file writes it.
func evaluation(holds bool, err error) any {
	switch {
	case errors.Is(err, ErrComparison):
		return "error:UndefinedComparison"
	case errors.Is(err, ErrVariable):
		return "error:UndefinedEnvironmentName"
	}
	return holds
}

func environment(variables map[string]string) Environment {
	return Environment{
		OSName:                       variables["os_name"],
		SysPlatform:                  variables["sys_platform"],
		PlatformMachine:              variables["platform_machine"],
		PlatformPythonImplementation: variables["platform_python_implementation"],
		PlatformRelease:              variables["platform_release"],
		PlatformSystem:               variables["platform_system"],
		PlatformVersion:              variables["platform_version"],
		PythonVersion:                variables["python_version"],
		PythonFullVersion:            variables["python_full_version"],
		ImplementationName:           variables["implementation_name"],
		ImplementationVersion:        variables["implementation_version"],
	}
}

func sameClauses(set pep440.Specifiers, want []string) bool {
	var got []string
	for _, c := range set.Clauses() {
		got = append(got, c.String())
	}
	slices.Sort(got)
	return slices.Equal(slices.Compact(got), want)
}
