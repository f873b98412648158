package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// program is what stands for the program: small, so that packing takes no time.
var program = []byte("#!/bin/sh\necho a program\n")

// made makes a release of a small program for three targets.
func made(t *testing.T, key string) string {
	t.Helper()
	t.Chdir(testenv.Root(t))
	dir := filepath.Join(t.TempDir(), "dist")
	certificates := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(certificates, []byte("certificates"), 0o600); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(t.TempDir(), "pinwheel")
	if err := os.WriteFile(small, program, 0o600); err != nil {
		t.Fatal(err)
	}
	shells := t.TempDir()
	if err := os.WriteFile(filepath.Join(shells, "busybox-arm64"), []byte("a shell"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := release{dir: dir, keyFile: key, certificates: certificates, shells: shells, targets: []string{"linux/amd64", "linux/arm64", "darwin/arm64"}}
	r.source = source{version: "1.2.3", commit: strings.Repeat("ab", 20), at: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)}
	for _, target := range r.targets {
		system, arch, _ := strings.Cut(target, "/")
		r.binaries = append(r.binaries, binary{system, arch, small})
	}
	for _, step := range []func() error{func() error { return r.archives(t.Context()) }, func() error { return r.wheels(t.Context()) },
		func() error { return r.images(t.Context()) }, func() error { return boms(t, &r) }, r.seal} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// boms are those of this test's own program, which a build noted its modules in.
func boms(t *testing.T, r *release) error {
	for i := range r.binaries {
		path, err := os.Executable()
		if err != nil {
			return err
		}
		r.binaries[i].path = path
	}
	before := r.files
	err := r.boms(t.Context())
	if err == nil && len(r.files) != len(before)+len(r.binaries) {
		t.Errorf("%d bills of materials for %d programs", len(r.files)-len(before), len(r.binaries))
	}
	return err
}

// newKey writes a key as openssl does.
func newKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// files reads a folder.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Two releases of one commit with one key are the same, byte for byte, and every file is
// under the checksums, which the key signs with the provenance.
func TestReleaseIsReproducibleAndSigned(t *testing.T) {
	key := newKey(t)
	one, two := files(t, made(t, key)), map[string][]byte{}
	t.Run("again", func(t *testing.T) { two = files(t, made(t, key)) })
	if len(one) != len(two) || len(one) < 20 {
		t.Fatalf("%d and %d files", len(one), len(two))
	}
	for name, data := range one {
		if !bytes.Equal(data, two[name]) {
			t.Errorf("%s differs", name)
		}
	}
	block, _ := pem.Decode(one["pinwheel.pub"])
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public := parsed.(ed25519.PublicKey)
	if !ed25519.Verify(public, one["SHA256SUMS"], one["SHA256SUMS.sig"]) {
		t.Error("the checksums are not signed")
	}
	var envelope struct {
		PayloadType string
		Payload     []byte
		Signatures  []struct{ Sig []byte }
	}
	if err := json.Unmarshal(one["provenance.intoto.jsonl"], &envelope); err != nil {
		t.Fatal(err)
	}
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(envelope.PayloadType), envelope.PayloadType, len(envelope.Payload), envelope.Payload)
	if !ed25519.Verify(public, []byte(signed), envelope.Signatures[0].Sig) {
		t.Error("the provenance is not signed")
	}
	for name, data := range one {
		if strings.HasPrefix(name, "SHA256SUMS") || name == "provenance.intoto.jsonl" || name == "pinwheel.pub" {
			continue
		}
		line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name)
		if !bytes.Contains(one["SHA256SUMS"], []byte(line)) {
			t.Errorf("%s has no right checksum", name)
		}
		if !bytes.Contains(envelope.Payload, []byte(fmt.Sprintf("%x", sha256.Sum256(data)))) {
			t.Errorf("%s is no subject of the provenance", name)
		}
	}
}

// A wheel installs the program with its right to run, and its RECORD is true.
func TestWheel(t *testing.T) {
	all := files(t, made(t, newKey(t)))
	for _, name := range []string{
		"pinwheel-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl",
		"pinwheel-1.2.3-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl", "pinwheel-1.2.3-py3-none-macosx_12_0_arm64.whl",
	} {
		z, err := zip.NewReader(bytes.NewReader(all[name]), int64(len(all[name])))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record := ""
		seen := map[string][]byte{}
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			seen[f.Name] = data
			if strings.HasSuffix(f.Name, "/scripts/pinwheel") && (f.Mode().Perm() != 0o755 || !bytes.Equal(data, program)) {
				t.Errorf("%s: the program has the rights %v", name, f.Mode())
			}
			if strings.HasSuffix(f.Name, "/RECORD") {
				record = string(data)
			}
		}
		if n := strings.Count(record, "\n"); n != len(seen) {
			t.Errorf("%s: RECORD has %d lines of %d files", name, n, len(seen))
		}
		for line := range strings.Lines(record) {
			part := strings.Split(strings.TrimSpace(line), ",")
			sum := sha256.Sum256(seen[part[0]])
			if part[1] != "" && (part[1] != "sha256="+base64.RawURLEncoding.EncodeToString(sum[:]) || part[2] != fmt.Sprint(len(seen[part[0]]))) {
				t.Errorf("%s: RECORD lies of %s", name, part[0])
			}
		}
		for tag := range strings.SplitSeq(strings.TrimSuffix(strings.SplitN(name, "-none-", 2)[1], ".whl"), ".") {
			if !bytes.Contains(seen["pinwheel-1.2.3.dist-info/WHEEL"], []byte("Tag: py3-none-"+tag+"\n")) {
				t.Errorf("%s: WHEEL lacks the tag %s", name, tag)
			}
		}
	}
}

// A layout leads from its names to images whose digests and sizes are true. The image with
// a shell is made where there is one.
func TestImages(t *testing.T) {
	all := files(t, made(t, newKey(t)))
	for kind, arches := range map[string]int{"pinwheel": 2, "pinwheel-shell": 1} {
		blob := func(d descriptor) []byte {
			data := all["images/"+kind+"/blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
			if digestOf(data) != d.Digest || len(data) != d.Size {
				t.Errorf("%s: %s is not what it says", kind, d.Digest)
			}
			return data
		}
		var index struct{ Manifests []descriptor }
		read := func(data []byte, into any) {
			if err := json.Unmarshal(data, into); err != nil {
				t.Fatal(err)
			}
		}
		read(all["images/"+kind+"/index.json"], &index)
		if len(index.Manifests) != arches+1 || index.Manifests[0].MediaType != ociIndex || index.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "1.2.3" {
			t.Fatalf("%s: %+v", kind, index)
		}
		for _, d := range index.Manifests[1:] {
			var manifest struct {
				Config descriptor
				Layers []descriptor
			}
			read(blob(d), &manifest)
			var config struct {
				Architecture string
				Config       struct {
					User       string
					Entrypoint []string
				}
				Rootfs struct {
					DiffIDs []string `json:"diff_ids"`
				}
			}
			read(blob(manifest.Config), &config)
			z, err := gzip.NewReader(bytes.NewReader(blob(manifest.Layers[0])))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if err != nil || digestOf(plain) != config.Rootfs.DiffIDs[0] {
				t.Errorf("%s: the layer is not what the configuration says: %v", kind, err)
			}
			if config.Config.User != "65532:65532" || (len(config.Config.Entrypoint) == 0) != (kind == "pinwheel-shell") || config.Architecture != d.Platform.Architecture {
				t.Errorf("%s: %+v", kind, config)
			}
			names := map[string]*tar.Header{}
			for r := tar.NewReader(bytes.NewReader(plain)); ; {
				h, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				names[h.Name] = h
			}
			if names["pinwheel"] == nil || names["pinwheel"].Mode != 0o755 || names["data/"].Uid != 65532 || names["etc/ssl/certs/ca-certificates.crt"] == nil || (names["bin/sh"] != nil) != (kind == "pinwheel-shell") {
				t.Errorf("%s holds %v", kind, names)
			}
		}
	}
}

func TestWheelVersion(t *testing.T) {
	for version, want := range map[string]string{
		"1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3rc1", "1.2.3-beta2": "1.2.3b2", "0.0.0-20261129140102-0123456789ab": "0.0.0.dev20261129140102",
		"1.2.4-0.20261129140102-0123456789ab+dirty": "1.2.4.dev20261129140102", "1.2.3-rc.1.0.20261129140102-0123456789ab": "1.2.3.dev20261129140102",
	} {
		if got, err := wheelVersion(version); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %s", version, got, err, want)
		}
	}
	for _, bad := range []string{"", "devel", "1.2", "1.2.3-x y"} {
		if got, err := wheelVersion(bad); err == nil {
			t.Errorf("%q is %s", bad, got)
		}
	}
}

// A key that is none is an error before anything is signed.
func TestKeyThatIsNone(t *testing.T) {
	for name, text := range map[string]string{"no PEM": "hello", "no key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := release{keyFile: path}
		if _, _, err := r.key(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
