package main

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// seal writes checksums of all files, where they come from, and signatures of both.
func (r *release) seal() error {
	key, thrown, err := r.key()
	if err != nil {
		return err
	}
	slices.Sort(r.files)
	var sums strings.Builder
	var subjects []map[string]any
	for _, name := range r.files {
		data, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		digest := hex.EncodeToString(sum[:])
		fmt.Fprintf(&sums, "%s  %s\n", digest, name)
		subjects = append(subjects, map[string]any{"name": name, "digest": map[string]string{"sha256": digest}})
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	envelope, err := r.provenance(subjects, key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"SHA256SUMS", []byte(sums.String())}, {"SHA256SUMS.sig", ed25519.Sign(key, []byte(sums.String()))},
		{"provenance.intoto.jsonl", envelope}, {"pinwheel.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})},
	} {
		if err := r.write(f.name, f.data); err != nil {
			return err
		}
	}
	if thrown {
		fmt.Println("signed with a key that was made for this and thrown away: it proves nothing to anybody")
	}
	fmt.Printf("%s: %d files of %s\n", r.dir, len(r.files), r.source.version)
	return nil
}

// key is the key that signs; thrown says that nobody will have it after this.
func (r *release) key() (key ed25519.PrivateKey, thrown bool, err error) {
	if r.keyFile == "" {
		_, key, err = ed25519.GenerateKey(rand.Reader)
		return key, true, err
	}
	text, err := os.ReadFile(r.keyFile)
	if err != nil {
		return nil, false, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, false, fmt.Errorf("%s is no key in PEM", r.keyFile)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, false, errors.Join(fmt.Errorf("%s is no Ed25519 key: make one with openssl genpkey -algorithm ed25519", r.keyFile), err)
	}
	return key, false, nil
}

// provenance is a statement of what was made of what, in a signed envelope.
// https://slsa.dev/spec/v1.0/provenance and https://github.com/secure-systems-lab/dsse
func (r *release) provenance(subjects []map[string]any, key ed25519.PrivateKey) ([]byte, error) {
	certificates, err := os.ReadFile(r.certificates)
	if err != nil {
		return nil, err
	}
	statement, err := json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicateType": "https://slsa.dev/provenance/v1",
		"predicate": map[string]any{
			"buildDefinition": map[string]any{
				"buildType":          "https://gitlab.com/cki-project/pinwheel/docs/releasing.md",
				"externalParameters": map[string]any{"version": r.source.version, "targets": r.targets},
				"resolvedDependencies": []any{
					map[string]any{"uri": "git+https://gitlab.com/cki-project/pinwheel", "digest": map[string]string{"gitCommit": r.source.commit}},
					map[string]any{"uri": "pkg:golang/go@" + strings.TrimPrefix(runtime.Version(), "go")},
					map[string]any{"name": "ca-certificates.crt", "digest": map[string]string{"sha256": strings.TrimPrefix(digestOf(certificates), "sha256:")}},
				},
			},
			"runDetails": map[string]any{"builder": map[string]string{"id": cmp.Or(os.Getenv("CI_JOB_URL"), "https://gitlab.com/cki-project/pinwheel/tools/release")}},
		},
	})
	if err != nil {
		return nil, err
	}
	const kind = "application/vnd.in-toto+json"
	signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement)
	envelope, err := json.Marshal(map[string]any{
		"payloadType": kind, "payload": base64.StdEncoding.EncodeToString(statement),
		"signatures": []any{map[string]string{"keyid": "", "sig": base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(signed)))}},
	})
	return append(envelope, '\n'), err
}
