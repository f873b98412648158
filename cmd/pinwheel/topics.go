package main

// topic is a page of help that is about no one command.
type topic struct{ name, summary, text string }

// topics are in the order of the help.
func topics() []topic {
	return []topic{
		{"config", "where the configuration is, and the smallest one", `
The configuration is pinwheel.yaml in the working directory, or what --config
names. The smallest is

  gitlab: {url: https://gitlab.example.com}
  projects:
    - path: group/project

pinwheel validate finds every mistake with its line; docs/config.md lists the
keys, config/schema.json is for editors. A project may keep
.gitlab/pinwheel.yaml on its default branch: the keys of its entry, which go
before the operator's.`},
		{"token", "what the token has to be allowed", `
The token is PINWHEEL_GITLAB_TOKEN, or the file gitlab.token_file. A project
access token is best: scope api, role Developer. It opens merge requests and
writes the dashboard, and needs no right to push to the default branch.
pinwheel doctor checks scope, expiry and role, and says what is missing and
where to change it. The token is sent to the address of gitlab.url alone.

Merging may need a right that this token does not have. A second token,
PINWHEEL_GITLAB_MERGE_TOKEN or the file gitlab.merge_token_file, makes the call
that merges, and no other one.`},
		{"dashboard", "what the boxes of the dashboard do", `
Each project has one issue with a checkbox for every update. A ticked box is
carried out by the next run, window or not, for whoever has the role that
selections.minimum_role asks for:

  Awaiting Schedule, Rate-Limited    opens it now
  Pending Approval                   approves it, and opens it
  Pending Status Checks              is kept until the release is old enough
  Errored                            tries again at once (retry)
  Open, Testing, Bisecting, Merging  rebuilds it at the newest version
  MR Edited (Blocked)                starts over; the commits it drops are kept
  MR Closed (Blocked)                offers again what a person closed

What was not carried out is listed with the reason. Closing the issue pauses
the project; reopening it goes on.`},
		{"windows", "when merge requests open", `
A window is a cron spec read as the set of minutes it matches, in the project's
timezone: "* * * * SAT,SUN" is the weekend, "* 6-9 * * MON" Monday morning,
"* * * * *" always. New merge requests open and open ones move to newer
versions inside it. Outside it only what a person asked for is done, and what
conflicts with the default branch is made anew at the same versions. freeze
cuts days out, rules give packages a window of their own.`},
		{"exit-codes", "what the exit code of a command says", `
  0  every decision was carried out; an update that waits for a reason counts
  1  something failed and is tried again by the next run, or a check (verify,
     doctor, health, derive --check) found something
  2  the command line or the configuration is wrong
  3  a project is stopped, or a file cannot be used, until a person acts:
     rights, a malformed file
  4  deploy alone: a hold keeps production where it is

Of several projects the highest code counts.`},
	}
}
