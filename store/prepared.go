package store

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// prepared keeps every statement of a connection prepared, since parsing a statement costs SQLite
// more than executing most of ours. There are as many as there are queries in this package, so none
// is ever dropped.
type prepared struct{ driver.Connector }

// conn is what database/sql needs and the driver's connections have.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (p prepared) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(conn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's %T lacks what is needed", c)
	}
	return &preparedConn{conn: inner, ready: map[string]*statement{}}, nil
}

// preparedConn is used by one goroutine at a time, as every driver.Conn.
type preparedConn struct {
	conn
	ready map[string]*statement
}

type statement struct {
	driver.Stmt
	busy bool // rows of it are being read
}

// statement returns a query's statement, which it prepares the first time; nil while its rows are
// being read.
func (c *preparedConn) statement(ctx context.Context, query string) (*statement, error) {
	s, ok := c.ready[query]
	if !ok {
		made, err := c.conn.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		s = &statement{Stmt: made}
		c.ready[query] = s
	}
	if s.busy {
		return nil, nil
	}
	return s, nil
}

// ExecContext implements driver.ExecerContext. Without arguments it is a script,
// a pragma or the end of a transaction, of which nothing is kept.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.conn.ExecContext(ctx, query, args)
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.ExecContext(ctx, query, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.conn.QueryContext(ctx, query, args)
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.QueryContext(ctx, query, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &preparedRows{Rows: rows, of: s}, nil
}

type preparedRows struct {
	driver.Rows
	of *statement
}

// Close implements driver.Rows.
func (r *preparedRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// Close implements driver.Conn.
func (c *preparedConn) Close() error {
	for _, s := range c.ready {
		_ = s.Close() // the connection ends anyway
	}
	clear(c.ready)
	return c.conn.Close()
}
