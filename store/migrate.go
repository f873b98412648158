package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// files are named NUMBER_what.sql. A released one is never edited, and none goes backwards; new
// ones are added.
//
//go:embed migrations/*.sql
var files embed.FS

// head is the schema after all migrations, with its version in the first line. A new file begins
// with it, since taking all steps costs four times as much. A test makes it from the migrations.
//
//go:embed head.sql
var head string

// headVersion is the version of head, 0 if its first line has none.
func headVersion() int {
	line, _, _ := strings.Cut(head, "\n")
	version, err := strconv.Atoi(strings.TrimPrefix(line, headLine))
	if err != nil {
		return 0
	}
	return version
}

const headLine = "-- Schema "

// application marks the file as pinwheel's (PRAGMA application_id): "pinw".
const application = 0x70696e77

// migration takes a schema from version-1 to version.
type migration struct {
	version int
	text    string
}

// migrations returns the embedded ones, ascending. The files are part of the
// program, so that a wrong one is a bug.
func migrations() []migration { return numbered(files, "migrations") }

// numbered returns the migrations of a folder, ascending.
func numbered(files embed.FS, folder string) []migration {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	var out []migration
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		text, err := files.ReadFile(folder + "/" + e.Name())
		if err != nil {
			panic(err)
		}
		out = append(out, migration{version, string(text)})
	}
	slices.SortFunc(out, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	return out
}

// migrate brings the schema up to date in one transaction. Of two processes that start together one
// does it, and the other finds it done. It only reads a schema that is up to date.
func migrate(ctx context.Context, db *sql.DB, steps []migration) error {
	return transact(ctx, db, func(tx *sql.Tx) error {
		version, err := current(ctx, tx)
		if err != nil {
			return err
		}
		newest := steps[len(steps)-1].version
		if version > newest {
			return fmt.Errorf("a newer pinwheel made this database (schema %d, this one knows %d): use that one, restore a copy of before, or name another file: only history is lost", version, newest)
		}
		if version == newest {
			return nil
		}
		if version == 0 && newest == headVersion() {
			steps = []migration{{newest, head}}
		}
		for _, step := range steps {
			if step.version <= version {
				continue
			}
			if _, err := tx.ExecContext(ctx, step.text); err != nil {
				return fmt.Errorf("take the schema to version %d: %w", step.version, err)
			}
		}
		// Pragmas take no parameters.
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", application, newest))
		return err
	})
}

// current returns the schema's version, 0 for an empty file. A database of
// another program is an error.
func current(ctx context.Context, tx *sql.Tx) (int, error) {
	var id, version, tables int
	if err := tx.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return 0, err
	}
	if id != application && (id != 0 || version != 0 || tables != 0) {
		return 0, fmt.Errorf("this database belongs to another program: name another file")
	}
	return version, nil
}
