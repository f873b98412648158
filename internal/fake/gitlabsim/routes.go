package gitlabsim

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	paging  = "page per_page "
	windows = "created_after created_before updated_after updated_before "
)

// routes is every endpoint, in the order in which they are tried.
var routes = sync.OnceValue(func() []*route {
	all := slices.Concat(instanceRoutes(), repositoryRoutes(), mrRoutes(), issueRoutes(), pipelineRoutes(), packageRoutes(), releaseRoutes(), deploymentRoutes(), reviewRoutes(), hookRoutes())
	for _, r := range all {
		r.parts = strings.Split(strings.TrimPrefix(r.pattern, "/"), "/")
	}
	return all
})

func instanceRoutes() []*route {
	return []*route{
		{method: "GET", pattern: "/user", handle: getUser},
		{method: "GET", pattern: "/users", query: paging + "username", handle: listUsers},
		{method: "GET", pattern: "/version", handle: getVersion},
		{method: "GET", pattern: "/metadata", handle: getVersion},
		{method: "GET", pattern: "/personal_access_tokens/self", handle: getToken},
		{method: "GET", pattern: "/projects", query: "per_page pagination order_by sort membership archived id_after", handle: listProjects},
		{method: "GET", pattern: "/projects/:id", query: "license statistics with_custom_attributes", handle: getProject},
		{method: "GET", pattern: "/projects/:id/members/all", query: paging + "query user_ids[]", handle: listMembers},
		{method: "GET", pattern: "/projects/:id/members/all/:user_id", handle: getMember},
		{method: "GET", pattern: "/projects/:id/protected_branches", query: paging + "search", handle: listProtected},
	}
}

// listProtected lists the rules, those of branches that are not there too.
func listProtected(c *call) (*reply, error) {
	need := Reporter // the right to read code
	if !c.s.since(17, 0) {
		need = Maintainer // gitlab.md 7.8: in older versions; which is not settled
	}
	if c.p.level(c.user) < need {
		return nil, refuse(403, "403 Forbidden")
	}
	levels := func(level int) []object {
		return []object{{"id": 1, "access_level": level, "access_level_description": "", "user_id": nil, "group_id": nil}}
	}
	return listed(c, slices.Clone(c.p.protected), true, func(r protection) object {
		return object{"id": 1, "name": r.pattern, "push_access_levels": levels(r.push), "merge_access_levels": levels(r.merge), "allow_force_push": r.force}
	})
}

func getUser(c *call) (*reply, error) {
	out := c.s.userWire(c.user).(object)
	out["bot"], out["created_at"], out["email"] = c.user.bot, stamp(c.user.created), identityOf(c.user).email
	out["commit_email"], out["public_email"], out["two_factor_enabled"] = identityOf(c.user).email, "", false
	if c.user.admin {
		out["is_admin"] = true
	}
	return ok(out)
}

// listUsers finds users by name, exactly and without regard to case.
func listUsers(c *call) (*reply, error) {
	var found []*user
	for _, u := range c.s.users {
		if name := c.query.Get("username"); name == "" || strings.EqualFold(name, u.username) {
			found = append(found, u)
		}
	}
	return listed(c, found, true, func(u *user) object { return c.s.userWire(u).(object) })
}

// since says that the version is a given one or newer.
func (s *Server) since(major, minor int) bool {
	first, rest, _ := strings.Cut(s.opt.Version, ".")
	second, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(first) // 0 where it is none
	b, _ := strconv.Atoi(second)
	return a > major || a == major && b >= minor
}

func getVersion(c *call) (*reply, error) {
	return ok(object{"version": c.s.opt.Version, "revision": "0000000"})
}

func getToken(c *call) (*reply, error) {
	t := c.token
	var expires any
	if !t.expires.IsZero() {
		expires = t.expires.UTC().Format("2006-01-02")
	}
	return ok(object{"id": t.id, "name": "token", "revoked": t.revoked, "active": true, "created_at": stamp(t.created), "scopes": t.scopes,
		"user_id": t.user.id, "expires_at": expires, "last_used_at": stamp(c.s.now())})
}

func getProject(c *call) (*reply, error) { return ok(c.p.wire(c.user)) }

func listMembers(c *call) (*reply, error) {
	var found []*member
	for _, m := range c.p.members {
		ids := c.query["user_ids[]"]
		if (len(ids) == 0 || slices.Contains(ids, itoa(m.user.id))) && strings.Contains(m.user.username, c.query.Get("query")) {
			found = append(found, m)
		}
	}
	return listed(c, found, true, c.p.memberWire)
}

func getMember(c *call) (*reply, error) {
	u := c.s.userByID(int64(c.number("user_id")))
	if u == nil {
		return nil, refuse(404, "404 User Not Found")
	}
	// One that is awaited or over is told as well, the worse for us. gitlab.md 7.8.
	i := slices.IndexFunc(c.p.members, func(m *member) bool { return m.user == u })
	if i < 0 {
		return nil, refuse(404, "404 Not found")
	}
	return ok(c.p.memberWire(c.p.members[i]))
}
