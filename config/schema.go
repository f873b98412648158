package config

import (
	_ "embed"
)

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of a configuration, for
// editors. What depends on several keys, such as a window that needs a time
// zone, is beyond it: Load is stricter.
func Schema() []byte { return []byte(schema) }
