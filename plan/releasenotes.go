package plan

import "time"

// Step is one package from a version to another, as a merge request makes it.
type Step struct{ Key, From, To string }

// Step is what a move does to its package, wherever its pin stands.
func (m Move) Step() Step { return Step{m.Key, m.From, m.To} }

// ReleaseNotes are what the repository of a package says of the releases of a step: those after its old
// version, up to its new one. The zero value says that nobody asked.
type ReleaseNotes struct {
	State NotesState
	// Notes are the newest of them, newest first. Notes that were read and are empty say
	// that the repository has none for these releases.
	Notes []ReleaseNote
	More  int // how many older ones there are beside Notes
}

// NotesState says what became of reading release notes.
type NotesState string

// The states of release notes. The empty one: no repository of the package may be read.
const (
	NotesRead   NotesState = "read"
	NotesUnread NotesState = "unread" // the repository did not give them in this run
)

// ReleaseNote is what a stranger says of one release. Its text is as it came, but for its length.
type ReleaseNote struct {
	Version string    // as the tag spells it
	Title   string    // empty if it says no more than the tag
	At      time.Time // the day of the release, zero if it is not told
	Text    string
}
