package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// The SQL of this package is written once, so that SQLite and PostgreSQL both understand it. What
// PostgreSQL says in another way is in this table, and its parameters have numbers.
var others = strings.NewReplacer(
	// A list in one parameter.
	`SELECT value FROM json_each(?)`, `SELECT jsonb_array_elements_text(?::jsonb)`,
	// Times are texts whose length differs, so they are compared as times.
	`julianday(at)`, `at::timestamptz`,
	`instr(`, `strpos(`,
	`json_set(gates, '$.Seen', merge_requests_seen)`,
	gatesSeen,
)

// gatesSeen is what the list of gates remembers once it was read as far as that of merge requests.
const gatesSeen = `CASE json_typeof(gates) WHEN 'object' THEN jsonb_set(gates::jsonb, '{Seen}', coalesce(to_jsonb(merge_requests_seen), 'null'))::json ELSE gates END`

var inPostgreSQL sync.Map // a text in SQLite's words to one in PostgreSQL's

// translated is a statement in PostgreSQL's words.
func translated(query string) string {
	if known, ok := inPostgreSQL.Load(query); ok {
		return known.(string)
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(others.Replace(query), "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	inPostgreSQL.Store(query, b.String())
	return b.String()
}

// storable is a text that PostgreSQL stores: it refuses the character NUL, also as an escape of
// JSON, and bytes that are no UTF-8. These become U+FFFD. What strangers wrote may have them.
func storable(text string) string {
	const instead = "\uFFFD"
	text = strings.ToValidUTF8(text, instead)
	if strings.ContainsRune(text, 0) {
		text = strings.ReplaceAll(text, "\x00", instead)
	}
	return strings.ReplaceAll(text, `\u0000`, `\ufffd`)
}

// dialect makes connections to PostgreSQL that understand this package's statements.
type dialect struct{ driver.Connector }

// serverConn is what database/sql needs and the driver's connections have.
type serverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
}

// Connect implements driver.Connector.
func (d dialect) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := d.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(serverConn)
	if !ok {
		return nil, fmt.Errorf("the PostgreSQL driver's %T lacks what is needed", c)
	}
	return dialectConn{inner}, nil
}

type dialectConn struct{ serverConn }

// PrepareContext implements driver.ConnPrepareContext.
func (c dialectConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.serverConn.PrepareContext(ctx, translated(query))
}

// ExecContext implements driver.ExecerContext.
func (c dialectConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 { // a script
		return c.serverConn.ExecContext(ctx, query, args)
	}
	return c.serverConn.ExecContext(ctx, translated(query), args)
}

// QueryContext implements driver.QueryerContext.
func (c dialectConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.serverConn.QueryContext(ctx, translated(query), args)
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c dialectConn) CheckNamedValue(v *driver.NamedValue) (err error) {
	if v.Value, err = driver.DefaultParameterConverter.ConvertValue(v.Value); err != nil {
		return err
	}
	if text, is := v.Value.(string); is {
		v.Value = storable(text)
	}
	return nil
}
