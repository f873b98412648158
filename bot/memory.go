package bot

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// mark begins our comment. The memory is between it and markEnd.
const (
	mark    = "<!-- pinwheel:bot v=1 "
	markEnd = " -->"
)

// Mark is in the bot's comment and in no other.
const Mark = mark

// Memory is what was done, as our comment has it in a hidden line. What is to start is never read
// from it, but from the comments that ask for it.
type Memory struct {
	Seen     int64        `json:"seen,omitempty"` // notes up to this one are done
	Done     []int64      `json:"done,omitempty"` // notes above Seen that are done
	Tests    []Entry      `json:"tests,omitempty"`
	Answers  []Answer     `json:"answers,omitempty"`
	Statuses []HeadStatus `json:"statuses,omitempty"`
}

// State is the state of a test.
type State string

// The states. Databases and comments hold these words.
const (
	Asked      State = "asked" // it is written down and not started yet
	Running    State = "running"
	Passed     State = "passed"
	Failed     State = "failed" // a job failed that passes, or has no result, without the override
	Everywhere State = "failed everywhere"
	Canceled   State = "canceled"
	NotStarted State = "not started"
)

// States are all states, in the order in which a test goes through them.
func States() []State {
	return []State{Asked, Running, Passed, Failed, Everywhere, Canceled, NotStarted}
}

// ended reports whether a test does not change by itself any more.
func (s State) ended() bool { return s != Asked && s != Running }

// Entry is a test that somebody asked for.
type Entry struct {
	Note     int64     `json:"note"` // that asked for it
	Line     int       `json:"line,omitempty"`
	Of       int64     `json:"of,omitempty"` // the note whose test a retry repeats, 0 for none
	OfLine   int       `json:"of_line,omitempty"`
	By       string    `json:"by"`
	ByID     int64     `json:"by_id,omitempty"` // 0 in what older versions wrote
	At       time.Time `json:"at"`              // of the note
	Pipeline string    `json:"pipeline"`
	Commit   string    `json:"commit"`
	With     []string  `json:"with,omitempty"` // other commits and what the comment sets, as people read it
	State    State     `json:"state"`
	Project  int64     `json:"project,omitempty"`
	ID       int64     `json:"id,omitempty"`
	URL      string    `json:"url,omitempty"`
	Jobs     []Job     `json:"jobs,omitempty"`
	Why      string    `json:"why,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Ended    time.Time `json:"ended,omitzero"` // when a look found it ended
}

// by reports whether a person asked for the test, also under another username.
func (e Entry) by(p Person) bool {
	if e.ByID != 0 {
		return e.ByID == p.ID
	}
	return e.By == p.Username
}

// same reports whether two entries are one test, whatever their states.
func (e Entry) same(o Entry) bool {
	return e.Note == o.Note && e.Line == o.Line && e.Pipeline == o.Pipeline && e.Commit == o.Commit
}

// Answer is the sentence that answers a command.
type Answer struct {
	Note int64     `json:"note"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// HeadStatus is a commit status that a head shows.
type HeadStatus struct {
	Pipeline string           `json:"pipeline"`
	SHA      string           `json:"sha"`
	On       int64            `json:"on"`
	State    plan.StatusState `json:"state"`
}

// The most that a comment shows and remembers.
const (
	mostTests   = 20
	mostAnswers = 10
	mostDone    = 200
)

// handled reports whether a note was done.
func (m Memory) handled(note int64) bool { return note <= m.Seen || slices.Contains(m.Done, note) }

// finish marks a note as done.
func (m *Memory) finish(note int64) {
	if m.handled(note) {
		return
	}
	m.Done = append(slices.Clone(m.Done), note)
	slices.Sort(m.Done)
	if more := len(m.Done) - mostDone; more > 0 {
		m.Seen, m.Done = m.Done[more-1], m.Done[more:]
	}
}

// answer adds a sentence. If its author got the same one before, it is there once, with the later
// time.
func (m *Memory) answer(a Answer) {
	m.Answers = append(slices.DeleteFunc(slices.Clone(m.Answers), func(o Answer) bool { return o.By == a.By && o.Text == a.Text }), a)
	if more := len(m.Answers) - mostAnswers; more > 0 {
		m.Answers = m.Answers[more:]
	}
}

// keepTests drops the oldest tests that are over, beyond those that are shown.
func (m *Memory) keepTests() {
	for len(m.Tests) > mostTests {
		at := slices.IndexFunc(m.Tests, func(e Entry) bool { return e.State.ended() })
		if at < 0 {
			return
		}
		m.Tests = slices.Delete(slices.Clone(m.Tests), at, at+1)
	}
}

// show adds a status that a head shows.
func (m *Memory) show(s HeadStatus) {
	m.Statuses = append(slices.DeleteFunc(slices.Clone(m.Statuses), func(o HeadStatus) bool { return o.Pipeline == s.Pipeline && o.SHA == s.SHA }), s)
}

// keepStatuses drops the statuses of commits of which no test is shown.
func (m *Memory) keepStatuses() {
	m.Statuses = slices.DeleteFunc(slices.Clone(m.Statuses), func(s HeadStatus) bool {
		return !slices.ContainsFunc(m.Tests, func(e Entry) bool { return e.Commit == s.SHA && e.Pipeline == s.Pipeline })
	})
	if len(m.Statuses) == 0 {
		m.Statuses = nil
	}
}

// parse reads the memory in a comment of ours. ok is false if somebody changed it so that it cannot
// be read.
func parse(body string) (m Memory, ok bool) {
	rest, _ := strings.CutPrefix(body, mark)
	text, _, _ := strings.Cut(rest, markEnd)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || json.Unmarshal(data, &m) != nil {
		return Memory{}, false
	}
	return m, true
}

// encode is the hidden line of a memory. It has only letters, digits, + and /.
func encode(m Memory) string {
	data, _ := json.Marshal(m) // texts, numbers and times: it cannot fail
	return mark + base64.RawStdEncoding.EncodeToString(data) + markEnd
}
