package main

import (
	"bytes"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/prepare"
)

// TestUnpinnedIsAWarningOrAnError: what has no pin is said, and fails a build where the
// flag or the configuration says error; the flag goes before the configuration.
func TestUnpinnedIsAWarningOrAnError(t *testing.T) {
	t.Parallel()
	found := []prepare.Finding{{Kind: prepare.Unpinned, Name: "six", Text: "six 1.17.0 is installed, and has no pin: add six==1.17.0"}}
	record := prepare.Record{Key: "0123456789abcdef", Image: prepare.Image{Name: "python"}, Tarball: prepare.Tarball{Name: "python.tar.gz"}}
	for _, tt := range []struct {
		flag, configured string
		findings         []prepare.Finding
		code             int
	}{
		{"", "warning", found, exitDone},
		{"", "error", found, exitFailed},
		{"error", "warning", found, exitFailed},
		{"warning", "error", found, exitDone},
		{"error", "error", nil, exitDone},
	} {
		var out, complaints bytes.Buffer
		b := building{software: &software{p: &program{out: &out, err: &complaints}, options: &options{}}, unpinned: tt.flag, conf: &config.Config{Software: config.Software{Unpinned: tt.configured}}}
		code := exitDone
		if err := b.say(record, tt.findings, "built"); err != nil {
			code, _ = verdict(err)
		}
		if code != tt.code || len(tt.findings) > 0 && complaints.String() != "pinwheel: "+found[0].Text+"\n" {
			t.Errorf("--unpinned %q, software.unpinned %q: exit code %d, %q; want %d", tt.flag, tt.configured, code, &complaints, tt.code)
		}
	}
}

// TestAMistakeOfAnOverrideIsOneOfUsage: an override that is not allowed, and one that is
// none, end lock with exit code 2 and one sentence, before any server is asked.
func TestAMistakeOfAnOverrideIsOneOfUsage(t *testing.T) {
	t.Parallel()
	for variable, says := range map[string]string{
		"cki_lib_pip_url=git+https://evil.example.com/cki/cki-lib.git@main": "is not allowed, only what is below gitlab.example.com/cki",
		"cki_lib_pip_url=cki-lib==1.0":                                      "is not an override",
		"cki_lib_pip_url=git+ssh://gitlab.example.com/cki/cki-lib.git":      "is not read with git over https",
	} {
		s := &software{p: &program{env: func(string) string { return "" }, environ: func() []string { return []string{variable} }}, options: &options{}}
		c := config.Default()
		c.GitLab.URL, c.Software.Namespace, c.Software.Packages = "https://gitlab.example.com", "cki", []string{"cki-lib"}
		_, err := s.lock(t.Context(), c, "", "")
		code, _ := verdict(mistaken(err))
		if code != exitUsage || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: exit code %d, %v; want %d, %q", variable, code, err, exitUsage, says)
		}
	}
}
