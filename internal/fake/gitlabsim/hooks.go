package gitlabsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// webhook is one of a project, or of a group and all below it.
type webhook struct {
	id     int64
	owner  string // the path
	group  bool
	url    string
	token  string
	events map[string]bool
	name   string
}

// Delivery is one event as GitLab sends it.
type Delivery struct {
	URL    string
	Header http.Header
	Body   []byte
}

var hookEvents = []string{"issues_events", "confidential_issues_events", "note_events", "confidential_note_events", "merge_requests_events", "pipeline_events", "push_events", "enable_ssl_verification"}

func hookRoutes() []*route {
	body := "name url token " + strings.Join(hookEvents, " ")
	return []*route{
		{method: "GET", pattern: "/projects/:id/hooks", query: paging, handle: listHooks},
		{method: "POST", pattern: "/projects/:id/hooks", body: body, handle: saveHook},
		{method: "PUT", pattern: "/projects/:id/hooks/:hook_id", body: body, handle: saveHook},
		{method: "GET", pattern: "/groups/:group/hooks", query: paging, handle: listHooks},
		{method: "POST", pattern: "/groups/:group/hooks", body: body, handle: saveHook},
		{method: "PUT", pattern: "/groups/:group/hooks/:hook_id", body: body, handle: saveHook},
	}
}

// hookOwner is whose webhooks a request is about. Those of a project need Maintainer. Those
// of a group need its Owner; who that is, is told by the projects in it.
func (c *call) hookOwner() (path string, group bool, err error) {
	if c.p != nil {
		if c.p.level(c.user) < Maintainer {
			return "", false, refuse(403, "403 Forbidden")
		}
		return c.p.path, false, nil
	}
	path = c.params["group"]
	in := slices.DeleteFunc(slices.Clone(c.s.projects), func(p *Project) bool { return !strings.HasPrefix(strings.ToLower(p.path), strings.ToLower(path)+"/") })
	if len(in) == 0 {
		return "", true, refuse(404, "404 Group Not Found")
	}
	for _, p := range in {
		if p.level(c.user) < Owner {
			return "", true, refuse(403, "403 Forbidden")
		}
	}
	return path, true, nil
}

func (h *webhook) wire() object {
	out := object{"id": h.id, "name": h.name, "url": h.url, "alert_status": "executable"}
	for _, name := range hookEvents {
		out[name] = h.events[name]
	}
	return out
}

func listHooks(c *call) (*reply, error) {
	path, group, err := c.hookOwner()
	if err != nil {
		return nil, err
	}
	of := slices.DeleteFunc(slices.Clone(c.s.webhooks), func(h *webhook) bool { return h.owner != path || h.group != group })
	return listed(c, of, true, (*webhook).wire)
}

// saveHook makes one or changes one. The token is never told.
func saveHook(c *call) (*reply, error) {
	path, group, err := c.hookOwner()
	if err != nil {
		return nil, err
	}
	h := &webhook{owner: path, group: group, events: map[string]bool{"push_events": true, "enable_ssl_verification": true}}
	status := http.StatusCreated
	if c.method == http.MethodPut {
		status = http.StatusOK
		at := slices.IndexFunc(c.s.webhooks, func(h *webhook) bool {
			return h.id == int64(c.number("hook_id")) && h.owner == path && h.group == group
		})
		if at < 0 {
			return nil, refuse(404, "404 Not found")
		}
		h = c.s.webhooks[at]
	} else if err := c.require("url"); err != nil {
		return nil, err
	}
	for key, to := range map[string]*string{"url": &h.url, "token": &h.token, "name": &h.name} {
		if c.has(key) {
			*to = c.str(key)
		}
	}
	for _, name := range hookEvents {
		if c.has(name) {
			h.events[name] = c.boolean(name)
		}
	}
	if h.id == 0 {
		h.id = c.s.nextID("hook")
		c.s.webhooks = append(c.s.webhooks, h)
	}
	return &reply{status: status, body: h.wire()}, nil
}

// AddHook makes a webhook of a project, or of a group, that sends every kind of event.
func (s *Server) AddHook(owner, url, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &webhook{id: s.nextID("hook"), owner: owner, group: s.projectByPath(owner) == nil, url: url, token: token, events: map[string]bool{}}
	for _, name := range hookEvents {
		h.events[name] = true
	}
	s.webhooks = append(s.webhooks, h)
}

// deliver sends an event to every webhook that takes it, with the lock held.
func (s *Server) deliver(p *Project, username, kind, target string) {
	var header, object, setting string
	switch {
	case strings.HasPrefix(kind, "issue-"):
		header, object, setting = "Issue Hook", "issue", "issues_events"
	case kind == "note" || kind == "note-edit":
		header, object, setting = "Note Hook", "note", "note_events"
	case strings.HasPrefix(kind, "mr-"):
		header, object, setting = "Merge Request Hook", "merge_request", "merge_requests_events"
	case kind == "push" || kind == "force-push" || kind == "branch-create":
		header, object, setting = "Push Hook", "push", "push_events"
	default:
		return
	}
	for _, h := range s.webhooks {
		if s.opt.Deliver == nil || !h.events[setting] || h.owner != p.path && (!h.group || !strings.HasPrefix(p.path, h.owner+"/")) {
			continue
		}
		data := map[string]any{"object_kind": object, "project": map[string]any{"id": p.id, "path_with_namespace": p.path, "default_branch": p.defaultBranch}}
		if object == "push" {
			data["ref"], data["user_username"] = "refs/heads/"+target, username
		} else {
			data["user"] = map[string]any{"username": username}
			data["object_attributes"] = map[string]any{"action": strings.TrimPrefix(kind, object+"-")}
		}
		body, err := json.Marshal(data)
		if err != nil {
			panic("gitlabsim: " + err.Error())
		}
		send := s.opt.Deliver
		d := Delivery{h.url, http.Header{"Content-Type": {"application/json"}, "X-Gitlab-Event": {header}, "X-Gitlab-Token": {h.token}}, body}
		go send(d)
	}
}
