package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A GitLab and an index below a path, with a certificate of their own: refused with
// a sentence without ca_file, used with it.
func TestOwnCertificatesAndAPathBelow(t *testing.T) {
	w := newWorld(t)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/gitlab/") {
			w.gitlab.ServeHTTP(rw, r) // it knows its address
			return
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/index") // its files are beside it
		w.index.ServeHTTP(rw, r)
	}))
	front.StartTLS()
	t.Cleanup(front.Close)
	w.gitlab.SetBaseURL(front.URL + "/gitlab")
	w.write("pinwheel.yaml", "gitlab: {url: "+front.URL+"/gitlab}\nindex: {url: "+front.URL+"/index/simple/}\nstore: "+w.path("pinwheel.db")+"\nprojects:\n  - {path: group/project}\n")
	code, _, complaints := w.configured("run")
	w.want(code, exitFailed, complaints)
	has(t, complaints, "certificate")
	w.write("own.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})))
	w.edit("store:", "ca_file: "+w.path("own.pem")+"\nstore:")
	code, _, complaints = w.configured("run", "--at", "2026-01-03T09:00:00Z")
	w.want(code, exitDone, complaints)
	if len(w.project.MRs()) == 0 {
		t.Error("nothing was opened")
	}
	w.write("own.pem", "not a certificate")
	code, _, complaints = w.configured("run")
	w.want(code, exitUsage, complaints)
	has(t, complaints, "ca_file: ", "holds no certificate in PEM")
}
