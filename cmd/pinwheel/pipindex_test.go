package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Where nothing names an index, that of pip is asked, and said in one line. A password
// in its address goes to it alone.
func TestAFileIsJudgedByTheIndexOfPip(t *testing.T) {
	w := newWorld(t)
	file := w.elsewhere("constraints.txt", pins)
	var mu sync.Mutex // packages are asked for at once
	var users []string
	guarded := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		users = append(users, user+":"+password)
		mu.Unlock()
		w.index.ServeHTTP(rw, r)
	}))
	t.Cleanup(guarded.Close)
	address := guarded.URL + "/simple/"
	secret := strings.Replace(address, "http://", "http://reader:hunter2@", 1)
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		says string
		user string
	}{
		"a flag":     {nil, []string{"--index", address}, "", ":"},
		"a variable": {map[string]string{"PIP_INDEX_URL": secret}, nil, "the index is " + address + ", as PIP_INDEX_URL says", "reader:hunter2"},
		"a file":     {map[string]string{"HOME": w.dir}, nil, "pip.conf says", ":"},
		"another":    {map[string]string{"PIP_INDEX_URL": address, "PIP_EXTRA_INDEX_URL": secret}, nil, "the further index of PIP_EXTRA_INDEX_URL is not asked", ":"},
	} {
		t.Run(name, func(t *testing.T) {
			w.write("pip.conf", "")
			if name == "a file" {
				tt.env = map[string]string{"PIP_CONFIG_FILE": w.write("pip.conf", "[install]\nindex-url = https://wrong.example/\n[global]\n# index-url = https://wrong.example/\nindex_url = "+address+"\n")}
			}
			w.env, users = tt.env, nil
			code, out, said := w.pinwheel(append([]string{"plan", "--file", file, "--at", saturday}, tt.args...)...)
			w.want(code, exitDone, said)
			has(t, out, "1 behind", "boto3")
			has(t, said, tt.says)
			if tt.says == "" && said != "" || strings.Contains(out+said, "hunter2") {
				t.Errorf("%s%s", out, said)
			}
			for _, user := range users {
				if user != tt.user {
					t.Errorf("%s, want %s", user, tt.user)
				}
			}
			if len(users) == 0 {
				t.Error("the index was not asked")
			}
		})
	}
}

func TestFlagsStandInForAConfiguration(t *testing.T) {
	w := newWorld(t)
	w.env = map[string]string{"PIP_INDEX_URL": "https://wrong.example/"}
	if err := w.index.Load("boto3 1.37.0 2024-09-01 py>=3.13\n"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.index)
	t.Cleanup(server.Close)
	address := server.URL + "/simple/"
	file := w.elsewhere("constraints.txt", pins)
	code, out, said := w.pinwheel("plan", "--file", file, "--at", saturday, "--index", address, "--python", "3.11,3.12", "--platform", "linux/aarch64")
	w.want(code, exitDone, said)
	has(t, out, "1.35.0")
	code, out, said = w.pinwheel("plan", "--file", file, "--at", saturday, "--index", address, "--python", "3.13")
	w.want(code, exitDone, said)
	has(t, out, "1.37.0")
	for want, args := range map[string][]string{
		"stand in for a configuration": {"plan", "--file", file, "--index", address, "--config", w.path("pinwheel.yaml")},
		"need --file":                  {"plan", "--python", "3.11"},
		"--python: ":                   {"plan", "--file", file, "--index", address, "--python", "3.x99"},
		"--platform: ":                 {"plan", "--file", file, "--index", address, "--platform", "os/2"},
		"--index: ":                    {"plan", "--file", file, "--index", "ftp://example.com/"},
	} {
		code, _, said := w.pinwheel(args...)
		w.want(code, exitUsage, said)
		has(t, said, want)
	}
}
