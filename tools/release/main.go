package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// allTargets are what a release is built for.
const allTargets = "linux/amd64 linux/arm64 linux/ppc64le linux/s390x darwin/amd64 darwin/arm64"

func main() {
	var r release
	flag.StringVar(&r.dir, "out", "dist", "the folder to write, which must not be there")
	targets := flag.String("targets", allTargets, "what to build for")
	flag.StringVar(&r.keyFile, "key", "", "the file of an Ed25519 key in PEM (PKCS #8); without it a key is made and thrown away")
	flag.StringVar(&r.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "the certificates that images trust")
	flag.StringVar(&r.shells, "shells", "", "a folder of static busybox programs, busybox-ARCH, for the images with a shell; without it none are made")
	flag.Parse()
	r.targets = strings.Fields(*targets)
	if err := r.make(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is one release in the making.
type release struct {
	dir, keyFile, certificates, shells string
	targets                            []string

	source   source
	binaries []binary
	files    []string // of dir, as they are made
}

// source is the commit that is released.
type source struct {
	version string // as the program tells it, "1.2.3"
	commit  string
	at      time.Time // of the commit
}

// binary is the program for one target.
type binary struct {
	os, arch string
	path     string // in dir
}

// make makes all files, those that sum others up last.
func (r *release) make(ctx context.Context) error {
	if _, err := os.Stat(r.dir); err == nil {
		return fmt.Errorf("%s is there already: remove it, or name another folder with -out", r.dir)
	}
	if err := os.MkdirAll(r.dir, 0o755); err != nil { //nolint:gosec // what is published may be read
		return err
	}
	for _, step := range []func(context.Context) error{r.build, r.archives, r.wheels, r.boms, r.images} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(r.dir, "bin")); err != nil {
		return err
	}
	return r.seal()
}

// write adds one file to the release.
func (r *release) write(name string, data []byte) error {
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // what is published may be read
		return err
	}
	r.files = append(r.files, name)
	return os.WriteFile(path, data, 0o644) //nolint:gosec // what is published may be read
}
