package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The user of the images, and what it may write to.
const imageUser = 65532

// applets are the programs of busybox that an image with a shell has: what the scripts of
// CI jobs use.
const applets = "[ ash awk base64 basename cat chmod cp cut date diff dirname echo env expr false find grep gunzip gzip head id install ln ls md5sum mkdir mktemp mv printf pwd readlink rm rmdir sed sh sha256sum sleep sort stat tail tar tee test touch tr true uname uniq wc wget which xargs"

// images writes one OCI layout for each kind of image, with the images of all
// architectures of Linux behind one index: the program alone, and with a shell.
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
func (r *release) images(context.Context) error {
	certificates, err := os.ReadFile(r.certificates)
	if err != nil {
		return fmt.Errorf("the certificates that images trust: %w", err)
	}
	for _, name := range []string{"pinwheel", "pinwheel-shell"} {
		l := layout{r: r, dir: "images/" + name}
		for _, b := range r.binaries {
			if b.os != "linux" {
				continue
			}
			i, there, err := r.image(b, name == "pinwheel-shell")
			if err != nil {
				return err
			}
			if i.certificates = certificates; !there {
				continue
			}
			if err := l.add(i); err != nil {
				return err
			}
		}
		if err := l.done(); err != nil {
			return err
		}
	}
	return nil
}

// image reads what an image is made of; there is false if it should have a shell and none
// was given for its architecture.
func (r *release) image(b binary, shell bool) (i image, there bool, err error) {
	i.arch = b.arch
	if i.program, err = os.ReadFile(b.path); err != nil || !shell {
		return i, err == nil, err
	}
	if r.shells == "" {
		return i, false, nil
	}
	i.shell, err = os.ReadFile(filepath.Join(r.shells, "busybox-"+b.arch))
	if errors.Is(err, fs.ErrNotExist) {
		return i, false, nil
	}
	return i, err == nil, err
}

// image is the content of one image.
type image struct {
	arch                         string
	program, shell, certificates []byte
}

// layer is the one layer of an image.
func (i image) layer(r *release) (packed, plain []byte, err error) {
	t := newTarball(r.source.at)
	folder := func(name string, owner int) {
		t.entry(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, Uid: owner, Gid: owner}, nil)
	}
	if i.shell != nil {
		folder("bin", 0)
		t.file("bin/busybox", i.shell, 0o755)
		for applet := range strings.FieldsSeq(applets) {
			t.entry(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox", Mode: 0o777}, nil)
		}
		t.entry(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/pinwheel", Linkname: "../pinwheel", Mode: 0o777}, nil)
	}
	folder("data", imageUser)
	folder("etc", 0)
	folder("etc/ssl", 0)
	folder("etc/ssl/certs", 0)
	t.file("etc/ssl/certs/ca-certificates.crt", i.certificates, 0o644)
	t.file("pinwheel", i.program, 0o755)
	folder("tmp", imageUser)
	return t.done()
}

// config is how an image runs: as the Dockerfile says, or with the shell first.
func (i image) config() map[string]any {
	c := map[string]any{
		"User": fmt.Sprintf("%d:%d", imageUser, imageUser), "WorkingDir": "/data", "Volumes": map[string]any{"/data": map[string]any{}},
		"Entrypoint": []string{"/pinwheel"}, "Cmd": []string{"serve", "--config", "/etc/pinwheel/pinwheel.yaml"},
		"Env": []string{"PATH=/bin:/"},
	}
	if i.shell != nil {
		delete(c, "Entrypoint")
		c["Cmd"] = []string{"/bin/sh"}
	}
	return c
}

// layout is one OCI layout.
type layout struct {
	r         *release
	dir       string
	manifests []descriptor
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *platform         `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// blob writes what others point to by its digest.
func (l *layout) blob(kind string, data []byte) (descriptor, error) {
	digest := digestOf(data)
	name := l.dir + "/blobs/sha256/" + strings.TrimPrefix(digest, "sha256:")
	if _, err := os.Stat(filepath.Join(l.r.dir, name)); err == nil {
		return descriptor{MediaType: kind, Digest: digest, Size: len(data)}, nil
	}
	return descriptor{MediaType: kind, Digest: digest, Size: len(data)}, l.r.write(name, data)
}

func (l *layout) json(kind string, value any) (descriptor, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	return l.blob(kind, text)
}

// add writes one image.
func (l *layout) add(i image) error {
	packed, plain, err := i.layer(l.r)
	if err != nil {
		return err
	}
	layer, err := l.blob(ociLayer, packed)
	if err != nil {
		return err
	}
	labels := map[string]string{
		"org.opencontainers.image.title": "pinwheel", "org.opencontainers.image.version": l.r.source.version,
		"org.opencontainers.image.revision": l.r.source.commit, "org.opencontainers.image.licenses": "Apache-2.0",
	}
	how := i.config()
	how["Labels"] = labels
	made := l.r.source.at.Format("2006-01-02T15:04:05Z")
	config, err := l.json(ociConfig, map[string]any{
		"created": made, "architecture": i.arch, "os": "linux", "config": how,
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{digestOf(plain)}},
		"history": []any{map[string]any{"created": made, "created_by": "pinwheel release"}},
	})
	if err != nil {
		return err
	}
	manifest, err := l.json(ociManifest, map[string]any{"schemaVersion": 2, "mediaType": ociManifest, "config": config, "layers": []descriptor{layer}, "annotations": labels})
	manifest.Platform = &platform{i.arch, "linux"}
	l.manifests = append(l.manifests, manifest)
	return err
}

// done writes the index of all images, named by the version, and of each architecture by
// itself. A layout without images is not written.
func (l *layout) done() error {
	if len(l.manifests) == 0 {
		return nil
	}
	all, err := l.json(ociIndex, map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": l.manifests})
	if err != nil {
		return err
	}
	named := func(d descriptor, name string) descriptor {
		d.Annotations = map[string]string{"org.opencontainers.image.ref.name": name}
		return d
	}
	top := []descriptor{named(all, l.r.source.version)}
	for _, m := range l.manifests {
		top = append(top, named(m, l.r.source.version+"-"+m.Platform.Architecture))
	}
	text, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": top})
	if err == nil {
		err = l.r.write(l.dir+"/index.json", text)
	}
	if err == nil {
		err = l.r.write(l.dir+"/oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	}
	if err == nil {
		fmt.Printf("image %s %s\n", filepath.Base(l.dir), all.Digest)
	}
	return err
}
