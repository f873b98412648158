// Package config reads pinwheel's configuration: strict YAML becomes a
// plan.Policy per project, and the endpoints a run talks to.
//
// Its one invariant: a Config that Load returned is complete and consistent,
// with every default filled in; everything wrong with a file is reported at
// once, each with its line and what to do about it.
//
// A policy is made of layers: what is built in, defaults, an entry of projects, the
// project's own file, and what enforce raises. Each holds keys with values that were
// judged once and the place where each stands; Merge lays them over each other.
//
// A key is declared where it is read, with its type, its default, its schema and what
// it means. schema.json and the table of docs/config.md are made of that by go
// generate, and a test fails where they differ. A new key is a field of plan.Policy
// and a line in keys.go.
//
// The package holds no secret and asks nobody: tokens are read when Token or
// Password is called, and whether a project or an index exists is not known here.
package config
