package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// server is a database of PostgreSQL. Several processes may use it at once.
type server struct {
	pool *pgxpool.Pool
	name string // its address without a password
}

// OnServer reports whether a place is a database of PostgreSQL, and not a file.
func OnServer(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// Spoken is a place as messages show it: an address has no password.
func Spoken(place string) string {
	if !OnServer(place) {
		return place
	}
	u, err := url.Parse(place)
	if err != nil {
		return "postgres://..."
	}
	_, secret := u.User.Password()
	if secret {
		u.User = url.User(u.User.Username())
	}
	query := u.Query()
	for key := range query {
		if strings.Contains(strings.ToLower(key), "password") {
			query.Del(key)
			secret = true
		}
	}
	if !secret {
		return place
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// maxConns is how many connections a process opens, unless the address says pool_max_conns.
const maxConns = 12

// sslModes say how a connection is encrypted, from not at all on.
// https://www.postgresql.org/docs/current/libpq-ssl.html
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// connect opens a pool of connections to the database that an address names.
func connect(ctx context.Context, address string, password func() (string, error)) (*server, error) {
	at := &server{name: Spoken(address)}
	if u, err := url.Parse(address); err == nil {
		if mode := u.Query().Get("sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
			return nil, fmt.Errorf("sslmode=%s is not known: write one of %s", mode, strings.Join(sslModes, ", "))
		}
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		// The cause may repeat the address, which may hold a password.
		return nil, errors.New("this is not an address of a database: write postgres://USER@HOST/DATABASE")
	}
	if u, err := url.Parse(address); err != nil || u.Query().Get("pool_max_conns") == "" {
		config.MaxConns = maxConns
	}
	c := config.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	c.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}).DialContext
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "pinwheel"
	}
	if password != nil {
		config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
			text, err := password()
			if text != "" {
				c.Password = text
			}
			return err
		}
	}
	if at.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, at.explained(err)
	}
	return at, nil
}

// open opens the database, and brings its tables up to date.
func (at *server) open(ctx context.Context) (*sql.DB, error) {
	db := sql.OpenDB(dialect{stdlib.GetPoolConnector(at.pool)})
	db.SetMaxIdleConns(0) // the pool keeps connections
	if err := migrateServer(ctx, db, serverMigrations()); err != nil {
		at.pool.Close()
		return nil, errors.Join(at.explained(err), db.Close())
	}
	return db, nil
}

// reasons are words for the errors of PostgreSQL that its operator has to do something about.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var reasons = map[string]string{
	"28000": "the database refuses this user: look at its user in store, and at pg_hba.conf",
	"28P01": "the database refuses the password or the user: look at the user in store, and at PINWHEEL_STORE_PASSWORD or store_password_file",
	"3D000": "there is no such database: create it with CREATE DATABASE, or correct store",
	"42501": "this user lacks a right in the database: let it own the database",
	"53100": "the disk of the database is full: make room, and the next run goes on from there",
	"53300": "the database has no more connections: raise its max_connections, or set pool_max_conns in store",
	"3F000": "there is no such schema: create it with CREATE SCHEMA, or correct search_path in store",
	"25006": "the database is read-only, as a standby is: name the primary in store",
}

// explained turns an error of PostgreSQL into a sentence with the next step, if that is clear. It
// has one line and no password.
func (at *server) explained(err error) error {
	var said *pgconn.PgError
	var never *pgconn.ConnectError
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, ErrNotLive), errors.Is(err, ErrBusy):
		return err
	case errors.As(err, &said):
		if reason := reasons[said.Code]; reason != "" {
			return fmt.Errorf("%s (%s)", reason, said.Code)
		}
		if strings.HasPrefix(said.Code, "57P") || strings.HasPrefix(said.Code, "08") {
			return fmt.Errorf("the database stops or starts: the next run goes on from there (%w)", err)
		}
		return err
	case errors.As(err, &never):
		return at.silence(err)
	}
	return err
}

// silence says why no connection came about, and what to do.
func (at *server) silence(err error) error {
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return &unreachable{fmt.Sprintf("the name %s is not known to DNS: correct store", name.Name), err}
	case errors.As(err, &cert):
		return &unreachable{fmt.Sprintf("the certificate of the database is not accepted, %s: name its authority as sslrootcert in store", cert.Err), err}
	case strings.Contains(err.Error(), "server refused TLS connection"): // pgconn has no type for it
		return &unreachable{"the database speaks no TLS, which sslmode=" + at.sslMode() + " wants: switch ssl on there, or write sslmode=disable in store if nobody can listen on the way", err}
	}
	return &unreachable{"the database does not answer: start it, or correct store", errors.Join(ErrSilent, err)}
}

// ErrSilent says that a database on a server does not answer. It may answer the next time.
var ErrSilent = errors.New("the database does not answer")

// sslMode is what the address says about TLS.
func (at *server) sslMode() string {
	u, err := url.Parse(at.name)
	if err != nil {
		return ""
	}
	return u.Query().Get("sslmode")
}

// unreachable has words of its own, since those of the driver have several lines.
type unreachable struct {
	words string
	cause error
}

func (u *unreachable) Error() string { return u.words }
func (u *unreachable) Unwrap() error { return u.cause }

// again reports whether PostgreSQL ended a transaction so that another one could go on, and the
// whole transaction may be repeated.
func again(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "40P01" || said.Code == "40001")
}

// lock makes the row of a project, if there is none, and holds it until the transaction ends, so
// that transactions of one project take turns, as all do in SQLite.
func (at *server) lock(ctx context.Context, tx *sql.Tx, project string) error {
	const insert = `INSERT INTO projects (path) VALUES (?) ON CONFLICT DO NOTHING`
	const hold = `SELECT path FROM projects WHERE path = ? FOR NO KEY UPDATE`
	for {
		err := tx.QueryRowContext(ctx, hold, project).Scan(&project)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, insert, project); err != nil {
			return err
		}
	}
}

// carried is the key of the run that a context carries.
type carried struct{}

// Carry returns a context whose writes belong to a run. On a server, where another process may have
// taken over the project, such a write fails with ErrNotLive once the run is over.
func Carry(ctx context.Context, run int64) context.Context {
	return context.WithValue(ctx, carried{}, run)
}

// live returns ErrNotLive if the run that the context carries is over. Until the transaction ends,
// nobody takes its place.
func (at *server) live(ctx context.Context, tx *sql.Tx) error {
	run, ok := ctx.Value(carried{}).(int64)
	if !ok {
		return nil
	}
	err := tx.QueryRowContext(ctx, `SELECT id FROM runs WHERE id = ? AND status = 'running' FOR SHARE`, run).Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotLive
	}
	return err
}

// Clock is the time of the database's own clock; for a file that of this machine.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	if s.server == nil {
		return time.Now(), nil
	}
	var seconds float64
	err := s.row(ctx, `SELECT extract(epoch FROM clock_timestamp())::float8`, nil, &seconds)
	return time.UnixMicro(int64(seconds * 1e6)), err
}

// errNoBackup says how a server is backed up.
var errNoBackup = errors.New("a database on a server is copied by PostgreSQL's own tools: pg_dump for a copy, pg_basebackup and an archive of its log to go back to any instant")
