package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// MetadataRow is what one file of a release says of the release's requirements. It is valid as
// long as the index gives that file the same digest, which the reader compares.
type MetadataRow struct {
	Name    string // normalised
	Version string // as PEP 440 normalises it
	File    string // the name of the file that was read or tried
	SHA256  string // of the file, hex; empty if the index gives none
	Status  string // "known", "unknown" or "refused"
	Reason  string // for every status but "known"
	Blob    []byte // the metadata; nil unless it is known
	// Proof is the digest of what was read, the file or the metadata beside it; empty if no digest
	// was checked. ReadAt is when it was read, zero in rows of earlier versions.
	Proof  string
	ReadAt time.Time
	// Part says that other files of the release have other metadata. Their rows are kept beside
	// this one.
	Part bool
	// Doubtful says that the content did not have the digest that the index gives. The row records
	// only that.
	Doubtful bool
}

// partMark is between the version and the file in the key of a part. No version has it.
const partMark = "#"

func (r MetadataRow) key() string {
	if !r.Part {
		return r.Version
	}
	return r.Version + partMark + r.File
}

// Metadata returns what is kept of names on an index, by name and version as
// texts. It is one query, however many names there are.
func (s *Store) Metadata(ctx context.Context, index string, names []string) ([]MetadataRow, error) {
	const query = `SELECT name, version, file, sha256, status, reason, metadata, proof, read_at, doubtful FROM metadata
		WHERE index_name = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name, version`
	var out []MetadataRow
	err := s.named(ctx, query, onIndex{index, names}, func(rows *sql.Rows) error {
		var r MetadataRow
		var at string
		if err := rows.Scan(&r.Name, &r.Version, &r.File, &r.SHA256, &r.Status, &r.Reason, &r.Blob, &r.Proof, &at, &r.Doubtful); err != nil {
			return err
		}
		r.ReadAt, _ = time.Parse(time.RFC3339, at) // zero for nothing
		r.Version, _, r.Part = strings.Cut(r.Version, partMark)
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the metadata of %s: %w", plan.SpokenIndex(index), err)
	}
	return out, nil
}

// SaveMetadata replaces what is kept of each of these releases on an index, all or none.
// Callers leave out releases that could not be read.
func (s *Store) SaveMetadata(ctx context.Context, index string, rows []MetadataRow) error {
	const upsert = `INSERT INTO metadata (index_name, name, version, file, sha256, status, reason, metadata, proof, read_at, doubtful)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (index_name, name, version) DO UPDATE SET file = excluded.file, sha256 = excluded.sha256,
		status = excluded.status, reason = excluded.reason, metadata = excluded.metadata,
		proof = excluded.proof, read_at = excluded.read_at, doubtful = excluded.doubtful`
	if len(rows) == 0 {
		return nil
	}
	if s.server != nil { // as SaveFacts
		rows = slices.SortedStableFunc(slices.Values(rows), func(a, b MetadataRow) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.key(), b.key()))
		})
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, upsert)
		if err != nil {
			return err
		}
		defer stmt.Close()
		for _, r := range rows {
			_, err := stmt.ExecContext(ctx, index, r.Name, r.key(), r.File, r.SHA256, r.Status, r.Reason, r.Blob, r.Proof, r.ReadAt.UTC().Format(time.RFC3339), r.Doubtful)
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.Name, r.Version, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("save the metadata of %s: %w", plan.SpokenIndex(index), err)
	}
	return nil
}

// Details returns the addresses of the files of names, as SaveFacts kept them, by name. A name
// without any is not in the map. It is one query.
func (s *Store) Details(ctx context.Context, index string, names []string) (map[string][]byte, error) {
	const query = `SELECT name, details FROM package_details
		WHERE index_name = ? AND name IN (SELECT value FROM json_each(?))`
	out := make(map[string][]byte, len(names))
	err := s.named(ctx, query, onIndex{index, names}, func(rows *sql.Rows) error {
		var name string
		var details []byte
		if err := rows.Scan(&name, &details); err != nil {
			return err
		}
		out[name] = details
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the details of %s: %w", plan.SpokenIndex(index), err)
	}
	return out, nil
}

// onIndex are names on an index.
type onIndex struct {
	index string
	names []string
}

// named runs a query whose parameters are an index and a list of names. Without names
// it runs none.
func (s *Store) named(ctx context.Context, query string, of onIndex, row func(*sql.Rows) error) error {
	if len(of.names) == 0 {
		return nil
	}
	list, err := json.Marshal(of.names)
	if err != nil {
		return err
	}
	return s.each(ctx, query, []any{of.index, string(list)}, row)
}
