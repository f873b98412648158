// Package config reads pinwheel's configuration: strict YAML becomes a
// plan.Policy per project, and the endpoints a run talks to.
//
// Its one invariant: a Config that Load returned is complete and consistent,
// with every default filled in; everything wrong with a file is reported at
// once, each with its line and what to do about it.
//
// A policy is made of layers: what is built in, defaults, an entry of projects, the
// project's own file, and what enforce raises. Each layer holds keys with checked values
// and the place where each key stands. Merge makes one policy of them.
//
// A key is declared where it is read, with its type, its default, its schema and what
// it means. go generate makes schema.json and the table of docs/config.md of that, and
// a test fails if they differ. A new key is a field of plan.Policy and an entry in
// keys.go.
//
// The package holds no secret and asks nobody: tokens are read when Token or
// Password is called, and whether a project or an index exists is not known here.
package config
