package postgres

import (
	"os"
	"testing"
)

// A server that is stopped answers nobody, and has its data when it starts again.
func TestAClusterStopsAndStarts(t *testing.T) {
	c, database := Own(t)
	if err := command(database, "CREATE TABLE kept (x int)"); err != nil {
		t.Fatal(err)
	}
	if err := c.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := command(database, "SELECT * FROM kept"); err == nil {
		t.Error("a stopped server answers")
	}
	if err := c.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := command(database, "SELECT * FROM kept"); err != nil {
		t.Errorf("the data is gone: %v", err)
	}
	c.Stop()
	if _, err := os.Stat(c.dir); !os.IsNotExist(err) {
		t.Errorf("the folder of a cluster that ended is there: %v", err)
	}
}

// Each test has a database of its own, which is empty.
func TestEachDatabaseIsEmpty(t *testing.T) {
	first, second := Database(t), Database(t)
	if err := command(first, "CREATE TABLE mine (x int)"); err != nil {
		t.Fatal(err)
	}
	if err := command(second, "SELECT * FROM mine"); err == nil {
		t.Error("two tests share a database")
	}
}
