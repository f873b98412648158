package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "version", GroupID: groupBeside,
		Short: "print the version",
		Long: `Prints the version of this build, which also is in the User-Agent. With --sbom
it prints what the program is made of, as the build noted it, in CycloneDX's
JSON.`,
		Example: `  pinwheel version
  pinwheel version --sbom`,
	}
	o := shared(c, jsonFlag)
	bill := c.Flags().Bool("sbom", false, "print the modules of this build as a CycloneDX bill of materials")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage("version takes no arguments")
		}
		if *bill {
			return p.sbom()
		}
		if o.json {
			return p.line(versionOut{p.version, runtime.Version(), runtime.GOOS, runtime.GOARCH})
		}
		return p.printVersion()
	}
	return c
}

func (p *program) printVersion() error {
	_, err := fmt.Fprintf(p.out, "pinwheel %s (%s, %s/%s)\n", p.version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the module's version, "devel" where the build does not know it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

// build tells this program from every other one, also from one that was built of the
// same version with changes: by its file, where that can be read.
func (p *program) build() string {
	path, err := os.Executable()
	if err != nil {
		return p.version
	}
	info, err := os.Stat(path)
	if err != nil {
		return p.version
	}
	return fmt.Sprintf("%s %d %d", p.version, info.Size(), info.ModTime().UnixNano())
}

// component is one module in a bill of materials.
// https://cyclonedx.org/docs/1.5/json/
type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"purl"`
}

func componentOf(kind string, m *debug.Module, version string) component {
	if m.Replace != nil {
		m = m.Replace
	}
	if version == "" {
		version = m.Version
	}
	at := "pkg:golang/" + m.Path + "@" + version
	return component{kind, at, m.Path, version, at}
}

// sbom prints the modules of the build. It is the same for the same build.
func (p *program) sbom() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this build does not know its modules: build it with go build")
	}
	parts := []component{}
	for _, m := range info.Deps {
		parts = append(parts, componentOf("library", m, ""))
	}
	text := json.NewEncoder(p.out)
	text.SetIndent("", "  ")
	return text.Encode(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata":   map[string]any{"component": componentOf("application", &info.Main, p.version)},
		"components": parts,
	})
}

func (p *program) userAgent() string { return "pinwheel/" + p.version }
