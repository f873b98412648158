package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// A configuration that names a file which is not there yet holds as soon as that file is there.
func TestServeTriesARefusedConfigurationAgain(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_runs_total{project="group/project"} 1`)
	w.add("group/second", map[string]string{"constraints.txt": pins})
	w.swap("pinwheel.yaml", strings.Replace(w.read("pinwheel.yaml"), "projects:\n", "projects:\n  - {path: group/second, timezone: UTC, token_file: "+w.path("second")+"}\n", 1))
	until(t, metrics, "pinwheel_configuration_stale 1")
	w.swap("second", token)
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_pins{project="group/second"} 2`)
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	if n := strings.Count(complaints, "what is on disk is wrong"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, complaints)
	}
}

// A configuration that changes while a token on disk is wrong leaves the token before it in use,
// and what is wrong is said once.
func TestServeKeepsATokenWhenTheConfigurationChanges(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	token := w.env["PINWHEEL_GITLAB_TOKEN"]
	delete(w.env, "PINWHEEL_GITLAB_TOKEN")
	w.env["NOT_A_VARIABLE_OF_OURS"] = token // so that it may not show
	w.edit("gitlab: {", "gitlab: {token_file: "+w.write("token", token)+", ")
	at := freeAddress(t)
	stop := w.serve(fmt.Sprintf("listen: {metrics: %q}\n", at))
	metrics := "http://" + at + "/metrics"
	until(t, metrics, "pinwheel_configuration_stale 0", `pinwheel_runs_total{project="group/project"} 1`)
	w.swap("token", "")
	w.touch()
	until(t, metrics, "pinwheel_configuration_stale 1")
	w.touch()
	w.swap("token", "glpat-not-a-token-of-anybody")
	w.touch()
	until(t, metrics, "pinwheel_configuration_stale 1", `pinwheel_runs_total{project="group/project"} 2`)
	w.swap("token", token)
	until(t, metrics, "pinwheel_configuration_stale 0")
	code, complaints := stop()
	w.want(code, exitDone, complaints)
	has(t, complaints, "GitLab does not accept the new token", "is empty")
	for line := range strings.Lines(complaints) {
		if strings.Contains(line, "run failed") || strings.Count(line, "is empty") > 1 {
			t.Error(line)
		}
	}
}

// GitLab gets another certificate: with the new ca_file readers can sign in as before.
func TestServeLetsReadersInWithNewCertificates(t *testing.T) {
	w := newWorld(t)
	w.poll = 10 * time.Millisecond
	w.gitlab.AddUser("reader", "A Reader", false)
	w.gitlab.AddMember(w.project, "reader", gitlabsim.Reporter)
	var now atomic.Pointer[tls.Certificate]
	renew := func() {
		c, text := ownCertificate(t)
		now.Store(&c)
		w.swap("own.pem", text)
	}
	renew()
	front := httptest.NewUnstartedServer(w.gitlab)
	front.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{*now.Load()}}, nil
	}}
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // serve speaks to it before it knows the new certificate
	front.StartTLS()
	t.Cleanup(front.Close)
	w.edit("gitlab: {url: "+strconv.Quote(w.gitlab.BaseURL()), "ca_file: "+w.path("own.pem")+"\ngitlab: {url: "+strconv.Quote(front.URL))
	w.gitlab.SetBaseURL(front.URL)
	at, metrics := freeAddress(t), freeAddress(t)
	stop := w.serve(strings.Replace(w.signing(at), "{", "{metrics: \""+metrics+"\", ", 1))
	w.gitlab.Browse("reader", true)
	signIn := func() string {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		resp, err := browser.Get("http://" + at + "/sign-in")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return bodyOf(t, resp)
	}
	has(t, signIn(), ">reader<")
	renew()
	until(t, "http://"+metrics+"/metrics", `pinwheel_runs_total{project="group/project"} 2`)
	front.CloseClientConnections()
	has(t, signIn(), ">reader<")
	code, complaints := stop()
	w.want(code, exitDone, complaints)
}

// ownCertificate is a new certificate for 127.0.0.1 that signed itself, and its PEM.
func ownCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, like, like, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
