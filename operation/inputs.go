package operation

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v4"
)

// Declared lists the inputs that the text of a CI/CD configuration declares, sorted. whole is false
// if it may declare more elsewhere, or cannot be read. https://docs.gitlab.com/ci/inputs/
func Declared(data []byte) (names []string, whole bool) {
	var header struct {
		Spec struct {
			Inputs  map[string]yaml.Node `yaml:"inputs"`
			Include yaml.Node            `yaml:"include"`
		} `yaml:"spec"`
	}
	if yaml.NewDecoder(bytes.NewReader(data)).Decode(&header) != nil {
		return nil, false
	}
	for name := range header.Spec.Inputs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, header.Spec.Include.IsZero()
}
