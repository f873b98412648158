// Package text makes strangers' text harmless in GitLab Markdown: names and
// lines of files, reasons for a yank, messages of servers, names of people.
//
// Its one invariant: whatever goes in, one line comes out that GitLab shows
// and does not obey. It starts no quick action, checkbox, list, heading,
// table, HTML or comment; it notifies nobody, refers to no issue and closes
// none; it hides and reverses no characters.
//
// It does not judge what a text says or keep one from looking like another
// script's letters. A number of seven digits or more stays whole, as versions
// are such, though a commit's id may begin so. An
// address given to [Link] stays one, also where it leads into the GitLab that
// shows it: [Outside] and [Within] are told which that is.
package text
