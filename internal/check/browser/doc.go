// Package browser holds tests that press the buttons of the demo's page in a
// headless Chromium and look at what a person and a screen reader get.
//
// It is a module of its own, so that whoever builds or imports pinwheel gets no
// browser driver: `go test ./...` in the root passes it over, and
//
//	cd internal/check/browser && go test ./...
//
// runs it, as the step `browser` of .ci/run does.
package browser
