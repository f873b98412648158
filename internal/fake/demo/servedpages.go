package demo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// This file has the pages of a served GitLab, as text for curl, and what people do on them.

// routes are the pages. What a request changes is done by its user, or by alice.
func (s *served) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /group/{project}", s.onProject(s.list))
	mux.HandleFunc("GET /group/{project}/-/issues/{iid}", s.onProject(s.issue))
	mux.HandleFunc("POST /group/{project}/-/issues/{iid}", s.onProject(s.tick))
	mux.HandleFunc("GET /group/{project}/-/merge_requests/{iid}", s.onProject(s.request))
	mux.HandleFunc("POST /group/{project}/-/merge_requests/{iid}", s.onProject(s.comment))
	mux.HandleFunc("POST /group/{project}/-/merge_requests/{iid}/{do}", s.onProject(s.decide))
	mux.HandleFunc("POST /browse", s.browse)
}

// pageRequest is one request to a page of a project.
type pageRequest struct {
	project *gitlabsim.Project
	who     string
	iid     int // of the issue or merge request; 0 on other pages
	do      string
	text    string // the body
}

// onProject reads who asks for what, and prints what a page says to it.
func (s *served) onProject(page func(io.Writer, pageRequest) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := pageRequest{project: s.gitlab.Project("group/" + r.PathValue("project")), do: r.PathValue("do")}
		if q.project == nil {
			http.Error(w, "there is no such project: see group/project, group/renovated and group/tests", http.StatusNotFound)
			return
		}
		q.iid, _ = strconv.Atoi(r.PathValue("iid"))
		var err error
		if q.who, err = actor(r); err == nil {
			var body []byte
			body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
			q.text = strings.TrimSpace(string(body))
		}
		var out strings.Builder
		if err == nil {
			err = page(&out, q)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, out.String())
	}
}

// actor is the user of a request.
func actor(r *http.Request) (string, error) {
	who, _, named := r.BasicAuth()
	if !named {
		return people()[0].name, nil
	}
	var names []string
	for _, p := range people() {
		names = append(names, p.name)
	}
	if !slices.Contains(names, who) {
		return "", fmt.Errorf("there is no such person: name one of %s", strings.Join(names, ", "))
	}
	return who, nil
}

// list prints the issues and merge requests of a project.
func (*served) list(w io.Writer, r pageRequest) error {
	for _, i := range r.project.Issues() {
		fmt.Fprintf(w, "#%d %s %s (%s)\n", i.IID, i.State, i.Title, i.Author)
	}
	for _, m := range r.project.MRs() {
		fmt.Fprintf(w, "!%d %s %s (%s)\n", m.IID, m.State, m.Title, m.Author)
	}
	return nil
}

// issue prints the text of an issue, without what GitLab does not show.
func (*served) issue(w io.Writer, r pageRequest) error {
	for _, i := range r.project.Issues() {
		if i.IID == r.iid {
			fmt.Fprintf(w, "#%d %s (%s, of %s)\n\n%s\n", i.IID, i.Title, i.State, i.Author, strings.TrimSpace(unshown.ReplaceAllString(i.Description, "")))
			printNotes(w, i.Notes)
			return nil
		}
	}
	return fmt.Errorf("there is no such issue: curl .../%s lists them", r.project.Path())
}

// tick ticks the box whose line has the text.
func (s *served) tick(w io.Writer, r pageRequest) error {
	if r.text == "" {
		return fmt.Errorf("the request names no box: give a part of its line by --data-raw")
	}
	if err := r.project.Tick(r.who, r.iid, r.text); err != nil {
		short, _, _ := strings.Cut(err.Error(), " in:\n") // without the whole page
		return errors.New(short)
	}
	fmt.Fprintf(w, "%s ticked %q in #%d\n", r.who, r.text, r.iid)
	return nil
}

// request prints a merge request: its text, what it changes, its jobs and its comments.
func (*served) request(w io.Writer, r pageRequest) error {
	m, found := r.project.MR(r.iid)
	if !found {
		return fmt.Errorf("there is no such merge request: curl .../%s lists them", r.project.Path())
	}
	fmt.Fprintf(w, "!%d %s (%s, of %s)\nbranch %s\n", m.IID, m.Title, m.State, m.Author, m.SourceBranch)
	for _, run := range r.project.Runs() {
		for _, j := range run.Jobs {
			if run.SHA == m.Head && !j.Retried {
				fmt.Fprintf(w, "  %s: %s\n", j.Name, j.Status)
			}
		}
	}
	fmt.Fprintf(w, "\n%s\n\n%s", strings.TrimSpace(unshown.ReplaceAllString(m.Description, "")), r.project.Diff(m.TargetBranch, m.Head))
	printNotes(w, m.Notes)
	return nil
}

func printNotes(w io.Writer, notes []gitlabsim.Note) {
	for _, n := range notes {
		if !n.System {
			fmt.Fprintf(w, "\n-- %s wrote:\n%s\n", n.Author, strings.TrimSpace(unshown.ReplaceAllString(n.Body, "")))
		}
	}
}

// comment writes one on a merge request.
func (*served) comment(w io.Writer, r pageRequest) error {
	if err := r.project.CommentMR(r.who, r.iid, r.text); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s wrote this on !%d\n", r.who, r.iid)
	return nil
}

// decide merges, closes or reopens a merge request.
func (*served) decide(w io.Writer, r pageRequest) error {
	do := map[string]func(string, int) error{"merge": r.project.MergeMR, "close": r.project.CloseMR, "reopen": r.project.ReopenMR}[r.do]
	if do == nil {
		return fmt.Errorf("%s is not to be done here: merge, close or reopen", r.do)
	}
	if err := do(r.who, r.iid); err != nil {
		return err
	}
	m, _ := r.project.MR(r.iid)
	fmt.Fprintf(w, "!%d is %s\n", r.iid, m.State)
	return nil
}

// browse says who sits at the browser, for the sign-in of the status page.
func (s *served) browse(w http.ResponseWriter, r *http.Request) {
	who, err := actor(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.gitlab.Browse(who, true)
	fmt.Fprintf(w, "%s sits at the browser now\n", who)
}
