// Package again makes runs a second time that were over early because nothing
// changed. Its invariant: what such a run leaves is what the run leaves that looks
// at everything, in the same world and over the same database. It makes no world and
// no run by itself: the stories and the simulation bring theirs.
package again

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/reconcile"
	"gitlab.com/cki-project/pinwheel/store"
)

// Copy is what a database holds in this instant, with its log.
func Copy(from, to string) error {
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(from + suffix)
		if err == nil {
			err = os.WriteFile(to+suffix, data, 0o600)
		}
		if err != nil && !(suffix == "-wal" && errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// Early is a run that was over early.
type Early struct {
	Report        reconcile.Report
	Project       config.Project
	Now           time.Time
	Before, After string            // databases: a copy of before it, which is used up, and what it left
	Options       reconcile.Options // of the second run, whose store is that copy
	GitLab        *gitlabsim.Server
	Aside         func(f func()) // lets f ask the indexes unnoticed
}

// Faults makes the run again as one that looks at everything, and returns in what it
// differs.
func (e Early) Faults() (faults []string) {
	db, err := store.Open(context.Background(), e.Before)
	if err != nil {
		return []string{fmt.Sprintf("the copy of the database cannot be opened: %v", err)}
	}
	defer db.Close()
	e.Options.Store, e.Options.Whole = db, true
	wrote := len(e.GitLab.Writes(time.Time{}))
	var whole reconcile.Report
	e.Aside(func() {
		e.GitLab.Aside(func() { whole, err = reconcile.New(e.Options).Run(context.Background(), e.Project, e.Now) })
	})
	if err != nil {
		return []string{fmt.Sprintf("the run that looks at everything: %v", err)}
	}
	for _, q := range e.GitLab.Writes(time.Time{})[wrote:] {
		faults = append(faults, fmt.Sprintf("nothing changed, and the run that looks at everything makes %s %s", q.Method, q.Path))
	}
	if a, b := told(e.Report), told(whole); a != b {
		faults = append(faults, fmt.Sprintf("the run that was over early says %s, and the one that looks at everything %s", a, b))
	}
	if same(e.Before, e.After) {
		return faults
	}
	a, b := rows(e.Before), rows(e.After)
	for _, row := range only(a, b) {
		faults = append(faults, "only the run that looks at everything stores "+row)
	}
	for _, row := range only(b, a) {
		faults = append(faults, "only the run that was over early stores "+row)
	}
	return faults
}

// only lists what one of two sorted lists has and the other lacks.
func only(has, lacks []string) (out []string) {
	for _, row := range has {
		for len(lacks) > 0 && lacks[0] < row {
			lacks = lacks[1:]
		}
		if len(lacks) == 0 || lacks[0] != row {
			out = append(out, row)
		}
	}
	return out
}

// told is what a run says of itself.
func told(r reconcile.Report) string {
	states := map[plan.State]int{}
	for _, u := range r.Plan.Updates {
		states[u.State]++
	}
	return fmt.Sprint(r.Status, r.Failures, r.Wrote, r.Plan.Pins, r.Plan.Behind, r.Plan.OpenCount, r.Plan.Counts(), states, len(r.Windows))
}

// tables names those of a database, but for the ones about runs themselves.
const tables = `SELECT name FROM %s.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%%' AND name NOT IN ('runs', 'quiet')`

// same reports whether two databases hold the same rows, by one question to the
// first. False where it cannot tell: the rows themselves say then what is wrong.
func same(path, other string) bool {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return false
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // what is attached is so for one connection
	if _, err := db.Exec(`ATTACH ? AS other`, "file:"+other); err != nil {
		return false
	}
	names := column(db, fmt.Sprintf(tables, "main"))
	if len(names) == 0 || !slices.Equal(names, column(db, fmt.Sprintf(tables, "other"))) {
		return false
	}
	var differ []string
	for _, t := range names {
		differ = append(differ, fmt.Sprintf("EXISTS (SELECT * FROM main.%[1]s EXCEPT SELECT * FROM other.%[1]s) OR EXISTS (SELECT * FROM other.%[1]s EXCEPT SELECT * FROM main.%[1]s)", t))
	}
	return slices.Equal(column(db, "SELECT "+strings.Join(differ, " OR ")), []string{"0"})
}

// rows lists the rows of a database but those about runs themselves.
func rows(path string) []string {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return []string{err.Error()}
	}
	defer db.Close()
	var out []string
	for _, table := range column(db, fmt.Sprintf(tables, "main")) {
		columns := column(db, `SELECT 'quote(' || name || ')' FROM pragma_table_info('`+table+`')`)
		for _, row := range column(db, `SELECT `+strings.Join(columns, ` || ' ' || `)+` FROM `+table) {
			out = append(out, table+" "+row)
		}
	}
	slices.Sort(out)
	return out
}

func column(db *sql.DB, query string) (out []string) {
	found, err := db.Query(query)
	if err != nil {
		return []string{err.Error()}
	}
	defer found.Close()
	for found.Next() {
		var v string
		if err := found.Scan(&v); err != nil {
			return append(out, err.Error())
		}
		out = append(out, v)
	}
	if err := found.Err(); err != nil {
		return append(out, err.Error())
	}
	return out
}
