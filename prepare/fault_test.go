package prepare

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// No image has a name by which its record would be the lock.
func TestNoImageIsCalledAsTheLock(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"software.lock"} {
		if _, err := Prepare(t.Context(), Building{Dir: t.TempDir(), Image: Image{Name: name}}); err == nil || !strings.Contains(err.Error(), "is not a name for an image") {
			t.Errorf("an image %s: %v", name, err)
		}
	}
}

// An override goes by the name that a package has, and by that of its project. What it
// names has to be that package.
func TestAnOverrideIsOfThePackageThatItNames(t *testing.T) {
	w := newWorld(t)
	w.project("cki/kpet", pythonProject("kpet-tool", "1.0"))
	w.project("fork/kpet", pythonProject("kpet-tool", "2.0"))
	for _, variable := range []string{"kpet_tool_pip_url", "kpet_pip_url"} {
		wanted := w.want(variable + "=" + w.at("fork/kpet", "main"))
		more, err := ParseEntries("kpet", Defaults{Namespace: "cki", Ref: "production"})
		if err != nil {
			t.Fatal(err)
		}
		wanted.Packages = append(wanted.Packages, more...)
		l, err := w.lock(wanted)
		if err != nil {
			t.Errorf("%s: %v", variable, err)
			continue
		}
		i := len(l.Packages) - 1
		if p := l.Packages[i]; p.Name != "kpet-tool" || p.SHA != w.sha("fork/kpet", "main") || p.OverriddenBy != variable {
			t.Errorf("%s: the lock is\n%s", variable, l.Encode())
		}
	}
	// A package of its own in place of one that nothing requires.
	w.project("cki/alone", pythonProject("alone", "1.0"))
	wanted := w.want("alone_pip_url=" + w.at("fork/kpet", "main"))
	more, err := ParseEntries("alone", Defaults{Namespace: "cki", Ref: "production"})
	if err != nil {
		t.Fatal(err)
	}
	wanted.Packages = append(wanted.Packages, more...)
	if err := os.RemoveAll(w.lockDir()); err != nil {
		t.Fatal(err)
	}
	w.refuses(wanted, "alone_pip_url: "+w.url+"/fork/kpet.git calls itself kpet-tool")
}

// Two packages of one repository at one commit are asked for by two branches: git is
// pointed at one mirror for an address, so each answers both.
func TestPackagesOfOneRepositoryAnswerTheRefsOfAll(t *testing.T) {
	w := newWorld(t)
	files := map[string]string{}
	for _, name := range []string{"one", "two"} {
		for path, text := range pythonProject(name, "1.0") {
			files[name+"/"+path] = text
		}
	}
	w.project("cki/mono", files)
	w.push("cki/cki-tools", "production", pythonProject("cki-tools", "2.0", "one @ "+w.at("cki/mono", "production")+"#subdirectory=one"))
	w.push("cki/cki-lib", "production", pythonProject("cki-lib", "1.0", "two @ "+w.at("cki/mono", "main")+"#subdirectory=two"))
	l := w.mustLock()
	for _, p := range l.Packages {
		if strings.HasSuffix(p.URL, "/mono.git") && strings.Join(p.Refs, " ") != "main production" {
			t.Errorf("%s answers %q, want main and production", p.Name, p.Refs)
		}
	}
}

// What git gave is compared with the lock: a mirror that is not the lock's is an error,
// and no record says otherwise.
func TestWhatWasInstalledIsOfTheLockedCommit(t *testing.T) {
	t.Parallel()
	venv := t.TempDir()
	info := filepath.Join(venv, "lib", "python3.12", "site-packages", "cki_lib-1.0.dist-info")
	if err := os.MkdirAll(info, 0o750); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(info, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sha, other := strings.Repeat("a", 40), strings.Repeat("b", 40)
	write("METADATA", "Metadata-Version: 2.1\nName: cki-lib\nVersion: 1.0\n")
	write("direct_url.json", `{"url":"https://h/cki/cki-lib.git","vcs_info":{"vcs":"git","commit_id":"`+other+`","requested_revision":"production"}}`)
	p := &pip{venv: venv, lock: Lock{Packages: []Package{{Name: "cki-lib", SHA: sha}}}}
	if got, err := p.installed(); err == nil || !strings.Contains(err.Error(), "cki-lib is installed at commit "+other[:12]+", and the lock has "+sha[:12]) {
		t.Errorf("another commit: %v, %v", got, err)
	}
	write("direct_url.json", `{"url":"https://h/cki/cki-lib.git","vcs_info":{"vcs":"git","commit_id":"`+sha+`"}}`)
	if got, err := p.installed(); err != nil || len(got) != 1 || got[0].Commit != sha {
		t.Errorf("the locked commit: %v, %v", got, err)
	}
}

// A record of a registry is judged before anything is made of it: its names stand in a
// script of the shell, and it is of the key by which it is kept.
func TestAHostileRecordIsNone(t *testing.T) {
	for name, change := range map[string]func(*Record){
		"a command as a name": func(r *Record) { r.Data = []string{`x"; echo evil; "`} },
		"a name that leads":   func(r *Record) { r.Data = []string{"../x"} },
		"a relative root":     func(r *Record) { r.Root = "opt" },
		"a root that leads":   func(r *Record) { r.Root = "/opt/../etc" },
		"the root of all":     func(r *Record) { r.Root = "/" },
		"another lock's":      func(r *Record) { r.Lock = strings.Repeat("2", 64) },
		"another python's":    func(r *Record) { r.Interpreter.Version = "3.9.1" },
		"another image's":     func(r *Record) { r.Image.Reference = "evil" },
		"a relative python":   func(r *Record) { r.Interpreter.Executable = "python3" },
	} {
		for kind, s := range newShelves(t, false).all {
			_, r := build(t, 'a', "bytes")
			change(&r)
			for file, data := range map[string][]byte{tarballOn(r.Tarball): []byte("bytes"), shelvedRecord: r.encode()} {
				if err := s.put(t.Context(), shelved{"python", r.Key, file}, bytes.NewReader(data), Tarball{SHA256: digestOf(data), Size: int64(len(data))}); err != nil {
					t.Fatal(err)
				}
			}
			if got, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: r.Key}); err != nil || found {
				t.Errorf("%s, %s: a build of key %.12s is found: %v, %v", name, kind, got.Key, found, err)
			}
		}
	}
}

// A build that is damaged where it is kept is pushed anew, not passed over for ever.
func TestAPushMendsADamagedBuild(t *testing.T) {
	for name, s := range newShelves(t, false).all {
		dir, r := build(t, 'a', "bytes")
		push(t, s, dir)
		other := r.Tarball
		other.SHA256, other.Size = digestOf([]byte("bytez")), 5
		if err := s.put(t.Context(), shelved{"python", r.Key, tarballOn(r.Tarball)}, strings.NewReader("bytez"), other); err != nil {
			t.Fatal(err)
		}
		if !push(t, s, dir) {
			t.Errorf("%s: a damaged build is taken for one that is kept", name)
		}
		if _, found, err := Fetch(t.Context(), s, t.TempDir(), Kept{Image: "python", Key: r.Key}); err != nil || !found {
			t.Errorf("%s: it is not mended: %v", name, err)
		}
		if push(t, s, dir) {
			t.Errorf("%s: what is whole is pushed again", name)
		}
	}
}

// Of the last good builds one that is damaged is passed over.
func TestTheLastGoodBuildIsWhole(t *testing.T) {
	w := newShelves(t, false)
	for name, s := range w.all {
		var kept []Record
		for _, key := range []byte("ab") {
			dir, r := build(t, key, "bytes of "+string(key))
			push(t, s, dir)
			kept = append(kept, r)
			w.now = w.now.Add(60e9)
		}
		newest, err := s.list(t.Context(), "python")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range kept {
			if r.Key == newest[0].Key {
				bad := []byte("damaged")
				if err := s.put(t.Context(), shelved{"python", r.Key, tarballOn(r.Tarball)}, bytes.NewReader(bad), Tarball{SHA256: digestOf(bad), Size: int64(len(bad))}); err != nil {
					t.Fatal(err)
				}
			}
		}
		p := &Prepared{Interpreter: ourPython, with: Building{Dir: t.TempDir(), Image: Image{Name: "python"}, Root: "/opt/pinwheel"}}
		if k, found, err := LastGood(t.Context(), s, p); err != nil || !found || k.Key != newest[1].Key {
			t.Errorf("%s: %v, %v, %v", name, k, found, err)
		}
	}
}

// A manifest of few bytes may name very many members: they are not held before they
// are counted.
func TestAManifestIsCountedBeforeItIsHeld(t *testing.T) {
	root := filepath.Join(t.TempDir(), "set")
	members := strings.Repeat("{},", 3_000_000)
	text := `{"format":1,"root":"` + root + `","members":[` + members + `{}]}`
	path := (&packed{}).writeWith(t, text)
	var err error
	used := allocated(func() {
		_, err = Unpack(t.Context(), path, Unpacking{Limits: Limits{Members: 100}})
	})
	if err == nil || !strings.Contains(err.Error(), "--max-members") {
		t.Errorf("got %v", err)
	}
	if most := uint64(8 * len(text)); used > most {
		t.Errorf("%d bytes were held for a manifest of %d, want at most %d", used, len(text), most)
	}
}

// allocated is how much memory a function asks for in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
