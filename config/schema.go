package config

import (
	_ "embed"
)

//go:generate go test . -run TestGenerated -update

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of a configuration, for
// editors. What depends on several keys, such as a window that needs a time
// zone, is beyond it: Load is stricter. It is made of what each key says beside its
// reader, and so is the table of docs/config.md.
func Schema() []byte { return []byte(schema) }

// says is what people and editors are told of a key.
type says struct {
	kind     string // its type, in the words of the table
	standard string // its default, as YAML; "" for none
	schema   string // JSON Schema of a value, in which "@" stands for the keys of a mapping
	text     string // what it means, in Markdown
}

// Values that several keys have.
const (
	schemaText          = `{"type":"string","minLength":1,"pattern":"^\\S(.*\\S)?$"}`
	schemaBoolean       = `{"type":"boolean"}`
	schemaMapping       = `{"@":""}`
	schemaMappings      = `{"type":"array","minItems":1,"items":{"@":""}}`
	schemaSpecifiers    = `{"type":"string","pattern":"^(===|==|!=|~=|<=|>=|<|>)"}`
	schemaAddress       = `{"type":"string","pattern":"^https?://[^/@?#\\s]+(/[^?#\\s]*)?$"}`
	schemaTexts         = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","minLength":1,"pattern":"^\\S(.*\\S)?$"}}`
	schemaUpTo1000      = `{"type":"integer","minimum":0,"maximum":1000}`
	schemaUpTo64        = `{"type":"integer","minimum":1,"maximum":64}`
	schemaAge           = `{"oneOf":[{"const":0},{"const":"0"},{"type":"string","pattern":"^(0|[1-9][0-9]{0,3})[dh]$"}]}`
	schemaDay           = `{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}`
	schemaRole          = `{"enum":["none","planner","reporter","developer","maintainer"]}`
	schemaAnswerRole    = `{"enum":["planner","reporter","developer","maintainer","nobody"]}`
	schemaRevertRole    = `{"enum":["planner","reporter","developer","maintainer"]}`
	schemaProject       = `{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$"}`
	schemaFile          = `{"type":"string","pattern":"^\\S(.*\\S)?$","not":{"pattern":"^/|(^|/)[.][gG][iI][tT][. ]*(:|/|$)|(^|/)[gG][iI][tT]~1[. ]*(:|/|$)|(^|/)\\.\\.?(/|$)|//|\\\\|/$"}}`
	schemaWindow        = `{"oneOf":[{"type":"string","pattern":"^(\\S+ +){4}\\S+$"},{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^(\\S+ +){4}\\S+$"}}]}`
	schemaTitle         = `{"type":"string","pattern":"^[A-Za-z0-9 ()\\[\\]:._,!-]*\\{(title|lower)\\}[A-Za-z0-9 ()\\[\\]:._,!-]*$"}`
	schemaUsernames     = `{"type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"}}`
	schemaSomeUsernames = `{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"}}`
	schemaName          = `{"type":"string","pattern":"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"}`
)
