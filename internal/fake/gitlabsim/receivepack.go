package gitlabsim

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// This file takes pushes over smart HTTP that carry no objects: a branch is moved
// between commits that are here. It follows what git's receive-pack does, which a test
// of package gitlab shows (TestMoveBranch runs against both), and what GitLab adds.
// gitlab.md 2.9 and 7.9.

const (
	refsPath = "/info/refs"
	pushPath = "/git-receive-pack"
	noCommit = "0000000000000000000000000000000000000000"
)

// gitPath takes a request of git's protocol apart.
func gitPath(path string) (project, rest string, ok bool) {
	project, rest, ok = strings.Cut(path, ".git/")
	rest = "/" + rest
	return strings.Trim(project, "/"), rest, ok && (rest == refsPath || rest == pushPath)
}

// git answers a request of git's protocol, with the lock held.
func (s *Server) git(c *call, project, rest string) *reply {
	p := s.projectByPath(project)
	say := func(status int, text string) *reply {
		h := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
		if status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Basic realm="GitLab"`)
		}
		return &reply{status: status, header: h, raw: []byte(text)}
	}
	t := c.gitToken
	switch {
	case t == nil || t.revoked || !t.expires.IsZero() && !s.now().Before(t.expires) || t.job || !slices.Contains(t.scopes, "write_repository"):
		return say(401, "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password.")
	case p == nil && s.projectOnceAt(project) != nil:
		return &reply{status: 301, header: http.Header{"Location": {s.opt.BaseURL + "/" + s.projectOnceAt(project).path + ".git" + rest}}, raw: []byte{}}
	case p == nil || !p.visible(t.user):
		return say(404, "The project you were looking for could not be found or you don't have permission to view it.")
	case p.level(t.user) < Developer:
		return say(403, "You are not allowed to push code to this project.")
	case p.archived:
		return say(403, "You can't push code to a read-only GitLab instance or an archived project.")
	case rest == refsPath && c.method == http.MethodGet && c.query.Get("service") == "git-receive-pack":
		return &reply{status: 200, header: http.Header{"Content-Type": {"application/x-git-receive-pack-advertisement"}, "Cache-Control": {"no-cache"}}, raw: p.advertise()}
	case rest == pushPath && c.method == http.MethodPost:
		return &reply{status: 200, header: http.Header{"Content-Type": {"application/x-git-receive-pack-result"}, "Cache-Control": {"no-cache"}}, raw: p.receivePack(t.user, c.raw)}
	}
	s.failures = append(s.failures, "unknown request of git "+c.method+" "+c.path)
	return say(404, "not found")
}

func pkt(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// advertise lists all refs as receive-pack does.
func (p *Project) advertise() []byte {
	refs := map[string]string{}
	for name, b := range p.repo.branches {
		refs["refs/heads/"+name] = b.head.id
	}
	for name, k := range p.repo.tags {
		refs["refs/tags/"+name] = k.id
	}
	var out strings.Builder
	out.WriteString(pkt("# service=git-receive-pack\n") + "0000")
	capabilities := "\x00report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=git/2.47.0"
	if len(refs) == 0 {
		out.WriteString(pkt(noCommit + " capabilities^{}" + capabilities + "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		out.WriteString(pkt(refs[name] + " " + name + capabilities + "\n"))
		capabilities = ""
	}
	return []byte(out.String() + "0000")
}

// receivePack carries out a push and reports.
func (p *Project) receivePack(actor *user, body []byte) []byte {
	line, pack, err := cutPacket(body)
	if err != nil {
		p.s.failures = append(p.s.failures, "a push that cannot be read: "+err.Error())
		return nil
	}
	text, words, _ := strings.Cut(line, "\x00")
	parts := strings.SplitN(text, " ", 3)
	if len(parts) != 3 || !slices.Contains(strings.Fields(words), "report-status") {
		p.s.failures = append(p.s.failures, fmt.Sprintf("a push that cannot be read: %q", line))
		return nil
	}
	unpack, said := "ok", ""
	verdict := "unpacker error"
	if emptyPack(pack) {
		verdict, said = p.updateRef(actor, parts[0], parts[1], parts[2])
	} else {
		unpack = "unpack-objects abnormal exit"
	}
	report := pkt("unpack "+unpack+"\n") + pkt("ok "+parts[2]+"\n") + "0000"
	if verdict != "" {
		report = pkt("unpack "+unpack+"\n") + pkt("ng "+parts[2]+" "+verdict+"\n") + "0000"
	}
	if !slices.Contains(strings.Fields(words), "side-band-64k") {
		return []byte(report)
	}
	out := pkt("\x01" + report)
	if said != "" {
		out = pkt("\x02"+"GitLab: "+said+"\n") + out
	}
	return []byte(out + "0000")
}

// updateRef moves a ref, or says why not, and what a hook printed.
func (p *Project) updateRef(actor *user, old, to, ref string) (verdict, said string) {
	name, isBranch := strings.CutPrefix(ref, "refs/heads/")
	if !isBranch || to == noCommit {
		p.s.failures = append(p.s.failures, "a push to "+ref+" of "+to)
		return "deny", ""
	}
	if badBranchName(name) != "" {
		return "funny refname", ""
	}
	next, present := p.repo.commits[to], ""
	b := p.repo.branches[name]
	if b != nil {
		present = b.head.id
	}
	if next == nil {
		return "missing necessary objects", ""
	}
	const declined = "pre-receive hook declined"
	if !p.canPush(actor, name) {
		return declined, "You are not allowed to push code to protected branches on this project."
	}
	// What is forced is judged by the head that the command names.
	if _, _, protected := p.protection(name); protected && old != noCommit && !p.mayForce(name) {
		if was := p.repo.commits[old]; was == nil || !isAncestor(was, next) {
			return declined, "You are not allowed to force push code to a protected branch on this project."
		}
	}
	switch {
	case old == noCommit && present != "":
		return "reference already exists", ""
	case old != noCommit && old != present, b == nil && p.shadowed(name):
		return "failed to update ref", ""
	case present != to:
		p.moveBranch(actor, name, next)
	}
	return "", ""
}

// cutPacket takes the one command of a push off, and the flush after it.
func cutPacket(body []byte) (line string, rest []byte, err error) {
	if len(body) < 4 {
		return "", nil, fmt.Errorf("%d bytes", len(body))
	}
	size, err := strconv.ParseUint(string(body[:4]), 16, 16)
	if err != nil || size < 5 || int(size) > len(body) {
		return "", nil, fmt.Errorf("no pkt-line: %q", body[:4])
	}
	rest, ok := bytes.CutPrefix(body[size:], []byte("0000"))
	if !ok {
		return "", nil, fmt.Errorf("more than one command")
	}
	return strings.TrimSuffix(string(body[4:size]), "\n"), rest, nil
}

// emptyPack reports whether bytes are a pack of no objects.
func emptyPack(pack []byte) bool {
	head := []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
	sum := sha1.Sum(head)
	return bytes.Equal(pack, append(head, sum[:]...))
}

// mayForce reports whether the rules that protect a branch let it be forced. All of
// them have to.
func (p *Project) mayForce(branchName string) bool {
	for _, rule := range p.protected {
		if globMatch(rule.pattern, branchName) && !rule.force {
			return false
		}
	}
	return true
}

// AllowForcePush lets whoever may push to a protected branch or pattern force it.
func (p *Project) AllowForcePush(pattern string) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for i := range p.protected {
		if p.protected[i].pattern == pattern {
			p.protected[i].force = true
		}
	}
}
