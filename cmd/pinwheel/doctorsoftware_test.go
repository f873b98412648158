package main

import (
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// The doctor names what a set lacks: a ref, a project, an interpreter, the registry.
func TestDoctorLooksAtTheSet(t *testing.T) {
	testenv.InStep(t, 5, "prepare")
	p := newPipeline(t)
	text := p.read("pinwheel.yaml")
	p.write("pinwheel.yaml", strings.NewReplacer("packages: [cki-lib, cki-tools]", "packages: [cki-lib@gone, other/absent]\n  overrides: {allowed: [gitlab.example.com]}",
		"{name: builder, python: ", "{name: builder, python: /no/such/python}, {name: third, python: ", "{project: group/project}", "{project: group/none}").Replace(text))
	code, out, complaints := p.pinwheel("doctor", "--config", p.path("pinwheel.yaml"))
	p.want(code, exitFailed, complaints)
	has(t, out, "error    cki/cki-lib: "+p.url+"/cki/cki-lib.git has no branch, tag or commit gone", "error    other/absent: there is no repository ",
		"warning  image builder: on this machine there is no /no/such/python", "run doctor in the image", "warning  software: overrides may name any project of gitlab.example.com",
		"error    group/none: ")
	p.write("pinwheel.yaml", strings.Replace(text, "  registry: {project: group/project}\n", "", 1))
	_, out, _ = p.pinwheel("doctor", "--config", p.path("pinwheel.yaml"))
	has(t, out, "warning  software.registry: no builds are kept")
	// A set alone is looked at without projects that are kept up to date.
	p.write("pinwheel.yaml", strings.Replace(text, "projects: [{path: group/project}]\n", "", 1))
	_, out, complaints = p.pinwheel("doctor", "--config", p.path("pinwheel.yaml"))
	has(t, out+complaints, "ok       software: git ", "ok       cki/cki-tools: can be read", "ok       group/project: builds are kept", "ok       the index: answers at ", "and knows six")
	p.gitlab.AddMember(p.project, "pinwheel-bot", gitlabsim.Reporter)
	p.write("pinwheel.yaml", text)
	_, out, _ = p.pinwheel("doctor", "--config", p.path("pinwheel.yaml"))
	has(t, out, "error    group/project: the token's user is less than a Developer, so prepare push may not keep builds")
}
