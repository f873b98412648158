// Package text makes strangers' text harmless in GitLab Markdown: names and
// lines of files, reasons for a yank, messages of servers, names of people.
//
// Its one invariant: whatever goes in, one line comes out that GitLab shows
// and does not obey; [Quote] makes several such lines. It starts no quick action, checkbox, list, heading,
// table, HTML or comment; it notifies nobody, refers to no issue and closes
// none; it hides and reverses no characters.
//
// It does not judge what a text says, and does not find letters that look like those of
// another script. A number of seven digits or more stays as it is: it may be a version,
// although the id of a commit may begin like that. [Link] also makes a link of an address
// that leads into the GitLab that shows it; [Outside] and [Within] know that GitLab.
package text
