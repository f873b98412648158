package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
)

// Variable names a server that is there already.
const Variable = "PINWHEEL_TEST_POSTGRES"

// shared is the cluster of this test program.
var shared = sync.OnceValues(func() (*Cluster, error) { return start("") })

// Database returns the URL of an empty database, which is removed when the test ends. It must be
// called outside of a bubble.
func Database(tb testing.TB) string {
	tb.Helper()
	if there := os.Getenv(Variable); there != "" {
		return database(tb, there)
	}
	testenv.Need(tb, binaries() != "", "PostgreSQL (initdb and postgres)")
	c, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return database(tb, c.url)
}

// Own starts a cluster for one test, which may stop it and start it again, and returns it with the
// URL of an empty database on it.
func Own(tb testing.TB) (*Cluster, string) {
	tb.Helper()
	testenv.Need(tb, binaries() != "", "PostgreSQL (initdb and postgres)")
	c, err := start("")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c, create(tb, c.url)
}

// database makes a database and removes it when the test ends.
func database(tb testing.TB, server string) string {
	tb.Helper()
	made := create(tb, server)
	tb.Cleanup(func() {
		name := strings.TrimPrefix(parsed(tb, made).Path, "/")
		if err := command(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("remove the database of the test: %v", err)
		}
	})
	return made
}

func create(tb testing.TB, server string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := command(server, "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	u := parsed(tb, server)
	u.Path = "/" + name
	return u.String()
}

func parsed(tb testing.TB, text string) *url.URL {
	tb.Helper()
	u, err := url.Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

// command runs one statement on a server. Its context is its own, since a test that ends still
// removes its database.
func command(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
