package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Event is what a webhook of GitLab says: something happened in a project. It only says where
// to look; what is true is read from GitLab.
type Event struct {
	Kind    EventKind
	Project string // its path, as GitLab has it
	User    string // the username of the person who did it, empty if GitLab does not say it
	Ref     string // of a push, "refs/heads/main"
	Default string // the project's default branch, empty if GitLab does not say it
	Status  string // of a pipeline
}

// EventKind is what an event is about.
type EventKind string

// The kinds. Events of other kinds are accepted and wake nobody.
const (
	IssueEvent        EventKind = "issue"
	NoteEvent         EventKind = "note"
	MergeRequestEvent EventKind = "merge request"
	PipelineEvent     EventKind = "pipeline"
	PushEvent         EventKind = "push"
)

// systemHook is what X-Gitlab-Event says of a webhook of a whole GitLab. Its body tells the kind.
// https://docs.gitlab.com/administration/system_hooks/
const systemHook = "System Hook"

// kindOf returns the kind that the header X-Gitlab-Event names, empty for any other. That of a webhook of a
// group is the same as that of a project.
func kindOf(header string) EventKind {
	switch header {
	case "Issue Hook", "Confidential Issue Hook":
		return IssueEvent
	case "Note Hook", "Confidential Note Hook":
		return NoteEvent
	case "Merge Request Hook":
		return MergeRequestEvent
	case "Pipeline Hook":
		return PipelineEvent
	case "Push Hook":
		return PushEvent
	}
	return ""
}

const (
	hookBody   = 1 << 20 // bytes of an event
	hooksAtOne = 32      // events that are read at the same time
)

// Hooks answers POST /hooks/gitlab. secret returns the token that X-Gitlab-Token has to be, and
// an error if it cannot be read. wake must not wait for anything, since GitLab disables a
// webhook that answers late.
func Hooks(secret func() (string, error), wake func(Event)) http.Handler {
	places := make(chan struct{}, hooksAtOne)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want, err := secret()
		switch {
		case err != nil:
			say(w, http.StatusServiceUnavailable, "the token of the webhook cannot be read here")
			return
		case !same(r.Header.Get("X-Gitlab-Token"), want):
			say(w, http.StatusUnauthorized, "X-Gitlab-Token is not the token of this webhook")
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			w.Header().Set("Retry-After", "10")
			say(w, http.StatusServiceUnavailable, "too many events at once")
			return
		}
		event, status, problem := read(w, r)
		if problem != "" {
			say(w, status, problem)
			return
		}
		if event.Kind != "" {
			wake(event)
		}
		say(w, http.StatusAccepted, "accepted")
	})
}

// same reports whether two secrets are equal. Its time depends neither on how much of them is
// equal nor on their lengths. It is false if b is empty.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && b != ""
}

// kind is what a webhook of a whole GitLab tells: pushes and merge requests.
func (b body) kind() EventKind {
	switch {
	case b.Object == "merge_request":
		return MergeRequestEvent
	case b.Event == "push":
		return PushEvent
	}
	return ""
}

// body is the part of an event that is read. https://docs.gitlab.com/user/project/integrations/webhook_events/
type body struct {
	Object  string `json:"object_kind"`
	Event   string `json:"event_name"`
	Project struct {
		Path    string `json:"path_with_namespace"`
		Default string `json:"default_branch"`
	} `json:"project"`
	User struct {
		Username string `json:"username"`
	} `json:"user"`
	UserUsername string `json:"user_username"` // of a push
	Ref          string `json:"ref"`
	Attributes   struct {
		Status string `json:"status"`
	} `json:"object_attributes"`
}

// read returns the event of a request, or the status and the sentence that refuse it.
func read(w http.ResponseWriter, r *http.Request) (e Event, status int, problem string) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, hookBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return e, http.StatusRequestEntityTooLarge, "the event is larger than 1 MiB"
	}
	if err != nil {
		return e, http.StatusBadRequest, "the event could not be read to its end"
	}
	header := r.Header.Get("X-Gitlab-Event")
	kind := kindOf(header)
	if kind == "" && header != systemHook {
		return e, 0, ""
	}
	var b body
	if header == systemHook {
		if json.Unmarshal(data, &b) != nil {
			return e, http.StatusBadRequest, "this is not an event of GitLab's"
		}
		if kind = b.kind(); kind == "" {
			return e, 0, "" // such as a user who was made; it is of no project
		}
	}
	if err := json.Unmarshal(data, &b); err != nil || b.Project.Path == "" {
		return e, http.StatusBadRequest, "this is not an event of GitLab's: it names no project.path_with_namespace"
	}
	e = Event{Kind: kind, Project: b.Project.Path, User: b.User.Username, Ref: b.Ref, Default: b.Project.Default}
	switch kind {
	case PipelineEvent:
		e.Status = b.Attributes.Status
		e.Ref = ""
	case PushEvent:
		e.User = strings.TrimSpace(b.UserUsername)
	case IssueEvent, NoteEvent, MergeRequestEvent:
	}
	return e, 0, ""
}
