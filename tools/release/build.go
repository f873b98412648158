package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// build compiles the program as the Dockerfile does. Its version is the one that Go takes
// from the tag of the commit.
func (r *release) build(ctx context.Context) error {
	head, err := git(ctx, "log", "-1", "--format=%H %cI")
	if err != nil {
		return err
	}
	sha, at, _ := strings.Cut(head, " ")
	r.source.commit = sha
	if r.source.at, err = time.Parse(time.RFC3339, at); err != nil {
		return err
	}
	r.source.at = r.source.at.UTC()
	for _, target := range r.targets {
		system, arch, ok := strings.Cut(target, "/")
		if !ok {
			return fmt.Errorf("%q is no target: write OS/ARCH", target)
		}
		b := binary{system, arch, filepath.Join(r.dir, "bin", system+"_"+arch, "pinwheel")}
		fmt.Printf("build %s\n", target)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.path, "./cmd/pinwheel") //nolint:gosec // what the command line names
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", target, err, out)
		}
		info, err := buildinfo.ReadFile(b.path)
		if err != nil {
			return err
		}
		version := strings.TrimPrefix(info.Main.Version, "v")
		if version == "" || version == "(devel)" {
			version = "0.0.0"
		}
		r.source.version = version
		r.binaries = append(r.binaries, b)
	}
	return nil
}

func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).Output() //nolint:gosec // only build calls it
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// archives packs each binary with the licence.
func (r *release) archives(context.Context) error {
	for _, b := range r.binaries {
		t := newTarball(r.source.at)
		for _, name := range []string{"LICENSE", "NOTICE", "README.md"} {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			t.file(name, data, 0o644)
		}
		data, err := os.ReadFile(b.path)
		if err != nil {
			return err
		}
		t.file("pinwheel", data, 0o755)
		packed, _, err := t.done()
		if err != nil {
			return err
		}
		if err := r.write(fmt.Sprintf("pinwheel_%s_%s_%s.tar.gz", r.source.version, b.os, b.arch), packed); err != nil {
			return err
		}
	}
	return nil
}

// tarball is a packed archive whose bytes depend on what is put in alone.
type tarball struct {
	at  time.Time
	raw bytes.Buffer
	tar *tar.Writer
	err error
}

func newTarball(at time.Time) *tarball {
	t := &tarball{at: at}
	t.tar = tar.NewWriter(&t.raw)
	return t
}

func (t *tarball) file(name string, data []byte, mode int64) {
	t.entry(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data))}, data)
}

func (t *tarball) entry(h tar.Header, data []byte) {
	h.ModTime, h.Format = t.at, tar.FormatPAX
	if t.err == nil {
		t.err = t.tar.WriteHeader(&h)
	}
	if t.err == nil {
		_, t.err = t.tar.Write(data)
	}
}

// done returns the archive packed and as it is.
func (t *tarball) done() (packed, plain []byte, err error) {
	if err := cmp.Or(t.err, t.tar.Close()); err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(t.raw.Bytes()); err != nil {
		return nil, nil, err
	}
	err = z.Close()
	return out.Bytes(), t.raw.Bytes(), err
}

// boms writes what each binary is made of, as the build noted it, in CycloneDX's JSON.
// https://cyclonedx.org/docs/1.5/json/
func (r *release) boms(context.Context) error {
	type component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		URL     string `json:"purl"`
	}
	of := func(kind, path, version string) component {
		at := "pkg:golang/" + path + "@" + version
		return component{kind, at, path, version, at}
	}
	for _, b := range r.binaries {
		info, err := buildinfo.ReadFile(b.path)
		if err != nil {
			return err
		}
		parts := []component{of("library", "stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			parts = append(parts, of("library", m.Path, m.Version))
		}
		text, err := json.MarshalIndent(map[string]any{
			"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
			"metadata":   map[string]any{"component": of("application", info.Main.Path, "v"+r.source.version)},
			"components": parts,
		}, "", "  ")
		if err != nil {
			return err
		}
		if err := r.write(fmt.Sprintf("pinwheel_%s_%s_%s.cdx.json", r.source.version, b.os, b.arch), append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}
