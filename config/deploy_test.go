package config

import (
	"strings"
	"testing"
)

// TestDeployMistakes: what is wrong below software.deploy is named with its line.
func TestDeployMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"{branch: production}":                          ":3: software.deploy.sets: the key is missing",
		"{sets: {folder: x}}":                           ":3: software.deploy.sets.project: the key is missing",
		"{sets: {project: lib}}":                        ":3: software.deploy.sets.project: ",
		"{sets: {project: g/p, folder: ../x}}":          `:3: software.deploy.sets.folder: "../x" is not the path of a folder`,
		"{sets: {project: g/p, branch: 'a b'}}":         `:3: software.deploy.sets.branch: "a b" is not the name of a branch`,
		"{sets: {project: g/p}, branch: -x}":            `:3: software.deploy.branch: "-x" is not the name of a branch`,
		"{sets: {project: g/p}, branch: a..b}":          `:3: software.deploy.branch: "a..b" is not the name of a branch`,
		"{sets: {project: g/p}, branch: x.lock}":        `:3: software.deploy.branch: "x.lock" is not the name of a branch`,
		"{sets: {project: g/p}, build_first: true}":     ":3: software.deploy.build_first: there is nothing to be built first: add images and registry",
		"{sets: {project: g/p}, build_first: 1}":        ":3: software.deploy.build_first: ",
		"{sets: {project: g/p}, constraints: lib}":      ":3: software.deploy.constraints: ",
		"{sets: {project: g/p}, constraints_files: []}": ":3: software.deploy.constraints_files: ",
		"{sets: {project: g/p}, tokenfile: x}":          "did you mean token_file?",
	} {
		_, err := Parse("pinwheel.yaml", []byte("projects: [{path: g/p}]\nsoftware:\n  deploy: "+text+"\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %q", text, err, want)
		}
	}
}

// TestBuildFirstIsOnWhereBuildsAreKept is the default of build_first.
func TestBuildFirstIsOnWhereBuildsAreKept(t *testing.T) {
	const deploy = "  deploy: {sets: {project: g/p}}\n"
	for software, want := range map[string]bool{
		deploy:                             false,
		"  images: [{name: a}]\n" + deploy: false,
		"  images: [{name: a}]\n  registry: {folder: /x}\n" + deploy:                                              true,
		deploy + "  images: [{name: a}]\n  registry: {project: g/p}\n":                                            true,
		"  images: [{name: a}]\n  registry: {folder: /x}\n  deploy: {sets: {project: g/p}, build_first: false}\n": false,
	} {
		if got := parsed(t, "projects: [{path: g/p}]\nsoftware:\n"+software).Software.Deploy.BuildFirst; got != want {
			t.Errorf("%s: build_first is %t, want %t", software, got, want)
		}
	}
}

// TestDeployTokenIsItsOwn: no other token takes its place.
func TestDeployTokenIsItsOwn(t *testing.T) {
	c := parsed(t, "projects: [{path: g/p}]\nsoftware: {deploy: {sets: {project: g/p}}}")
	env := map[string]string{"PINWHEEL_GITLAB_TOKEN": "glpat-updater", "CI_JOB_TOKEN": "job"}
	if _, err := c.DeployToken(func(k string) string { return env[k] }); err == nil || !strings.Contains(err.Error(), "PINWHEEL_DEPLOY_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	env["PINWHEEL_DEPLOY_TOKEN"] = "glpat-deploy"
	if got, err := c.DeployToken(func(k string) string { return env[k] }); err != nil || got.Reveal() != "glpat-deploy" {
		t.Errorf("with one: %v", err)
	}
}
