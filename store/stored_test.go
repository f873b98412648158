package store

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

var update = flag.Bool("update", false, "write testdata/json and head.sql")

// stored is one kind of JSON that the database holds.
type stored struct {
	name   string // of its golden file
	column string // SELECT and UPDATE name it and its table
	table  string
	save   func(t *testing.T, s *Store, v any)
	read   func(t *testing.T, s *Store) any
	value  any // every field is set
	since  int // the schema with which it came, 0 for one that was always there
}

// everyStored lists them all: what is not here has no golden.
func everyStored() []stored {
	mr := whole[plan.MergeRequest]()
	mr.State = plan.Merged
	mr.Note.Moves = []plan.Move{{Key: "boto3", From: "1.0", To: "1.1"}, {Key: "botocore", From: "2.0", To: "2.1"}} // what a description carries
	memory := func(t *testing.T, s *Store) Memory { return got[Memory](t)(s.ProjectMemory(t.Context(), "g/p")) }
	save := func(t *testing.T, s *Store, m Memory) { m.Path = "g/p"; must(t, s.SaveMemory(t.Context(), m)) }
	return []stored{
		{
			name: "merge_request", table: "merge_requests", column: "facts", value: mr,
			save: func(t *testing.T, s *Store, v any) {
				must(t, s.SaveMergeRequests(t.Context(), "g/p", []plan.MergeRequest{v.(plan.MergeRequest)}))
			},
			read: func(t *testing.T, s *Store) any {
				return got[[]plan.MergeRequest](t)(s.MergeRequests(t.Context(), "g/p"))[0]
			},
		},
		{
			name: "tick", table: "selections", column: "tick", value: whole[plan.Tick](),
			save: func(t *testing.T, s *Store, v any) {
				must(t, s.SaveSelection(t.Context(), "g/p", Selection{Tick: v.(plan.Tick), State: Pending, At: t0}))
			},
			read: func(t *testing.T, s *Store) any { return got[[]Selection](t)(s.Selections(t.Context(), "g/p"))[0].Tick },
		},
		{
			name: "pipelines", table: "projects", column: "pipelines", value: whole[map[int64]plan.Pipeline](),
			save: func(t *testing.T, s *Store, v any) { save(t, s, Memory{Pipelines: v.(map[int64]plan.Pipeline)}) },
			read: func(t *testing.T, s *Store) any { return memory(t, s).Pipelines },
		},
		{
			name: "gaps", table: "projects", column: "gaps", value: whole[[]plan.Problem](),
			save: func(t *testing.T, s *Store, v any) { save(t, s, Memory{Gaps: v.([]plan.Problem)}) },
			read: func(t *testing.T, s *Store) any { return memory(t, s).Gaps },
		},
		{
			name: "standings", table: "projects", column: "standings", value: map[plan.Standing]int{plan.StandsCurrent: 7, plan.StandsTakenBack: 1},
			save: func(t *testing.T, s *Store, v any) { save(t, s, Memory{Standings: v.(map[plan.Standing]int)}) },
			read: func(t *testing.T, s *Store) any { return memory(t, s).Standings },
		},
		{
			name: "gates", table: "projects", column: "gates", value: whole[plan.GateMemory](), since: 12,
			save: func(t *testing.T, s *Store, v any) { save(t, s, Memory{Gates: v.(plan.GateMemory)}) },
			read: func(t *testing.T, s *Store) any { return memory(t, s).Gates },
		},
		{
			name: "audit", table: "audit", column: "entry", value: whole[AuditEntry](),
			save: func(t *testing.T, s *Store, v any) { must(t, s.Record(t.Context(), v.(AuditEntry))) },
			read: func(t *testing.T, s *Store) any {
				var out []AuditEntry
				must(t, s.Audit(t.Context(), "", func(e AuditEntry) error { out = append(out, e); return nil }))
				return out[0]
			},
		},
	}
}

// What the database holds as JSON is the golden, byte for byte, and every field
// comes back.
func TestStoredJSON(t *testing.T) {
	for _, k := range everyStored() {
		t.Run(k.name, func(t *testing.T) {
			s := opened(t, file(t))
			k.save(t, s, k.value)
			var text string
			must(t, s.db().QueryRow(`SELECT `+k.column+` FROM `+k.table).Scan(&text))
			var out bytes.Buffer
			must(t, json.Indent(&out, []byte(text), "", "  "))
			out.WriteString("\n")
			path := filepath.Join("testdata", "json", k.name+".json")
			if *update {
				must(t, os.WriteFile(path, out.Bytes(), 0o644))
			}
			golden, err := os.ReadFile(path)
			must(t, err)
			same(t, "written", out.String(), string(golden))
			same(t, "read", k.read(t, s), k.value)
		})
	}
}

// What an earlier version wrote is read. The files of a version are never
// written again.
func TestStoredJSONOfEarlierVersions(t *testing.T) {
	dirs, err := filepath.Glob("testdata/json-*")
	must(t, err)
	if len(dirs) == 0 {
		t.Error("there is no earlier version")
	}
	for _, dir := range dirs {
		version, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), "json-"))
		must(t, err)
		for _, k := range everyStored() {
			if k.since > version {
				continue
			}
			t.Run(filepath.Base(dir)+"/"+k.name, func(t *testing.T) {
				path := file(t)
				s := opened(t, path)
				k.save(t, s, zeroOf(k.value))
				golden, err := os.ReadFile(filepath.Join(dir, k.name+".json"))
				must(t, err)
				var text bytes.Buffer
				must(t, json.Compact(&text, golden))
				db := raw(t, path)
				if k.table == "audit" { // rows are only added
					_, err = db.Exec(`DROP TRIGGER audit_is_final`)
					must(t, err)
				}
				_, err = db.Exec(`UPDATE `+k.table+` SET `+k.column+` = ?`, text.String())
				must(t, err)
				same(t, "read", k.read(t, s), asOf(version, k.value))
			})
		}
	}
}

// asOf is a value without the fields that a version did not write.
func asOf(version int, v any) any {
	if mr, is := v.(plan.MergeRequest); is {
		mr.Notes, mr.Heard, mr.Released, mr.Note.ClosedFor, mr.Note.Other, mr.Note.Listed = 0, plan.Heard{}, time.Time{}, "", false, nil
		mr.MergeCommit, mr.Compared, mr.Altered, mr.Stands, mr.StandsSince = "", false, nil, "", time.Time{}
		v = mr
	}
	if version > 10 {
		return v
	}
	switch v := v.(type) {
	case []plan.Problem:
		v = slices.Clone(v)
		for i := range v {
			v[i].Lasting = false
		}
		return v
	case plan.MergeRequest:
		v.Note.Ready, v.Note.Other = "", false
		v.Ran, v.RedRuns = 0, 0
		return v
	case map[int64]plan.Pipeline:
		out := map[int64]plan.Pipeline{}
		for iid, p := range v {
			p.Kind, p.Onto, p.Began, p.Ran, p.RedRuns = "", "", time.Time{}, 0, 0
			out[iid] = p
		}
		return out
	}
	return v
}

// zeroOf is a value of v's type that may be stored.
func zeroOf(v any) any {
	if _, ok := v.(plan.MergeRequest); ok {
		return plan.MergeRequest{State: plan.Opened}
	}
	return reflect.Zero(reflect.TypeOf(v)).Interface()
}

// whole is a value in which every exported field is set, each to a value of its
// own.
func whole[T any]() T {
	var v T
	n := 0
	fill(reflect.ValueOf(&v).Elem(), "v", &n)
	return v
}

func fill(v reflect.Value, name string, n *int) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, *n, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint(name, *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), v.Type().Field(i).Name, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name, n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name, n)
		fill(value, name, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default:
		panic(fmt.Sprintf("%s is of a kind that nobody fills: %s", name, v.Type()))
	}
}
