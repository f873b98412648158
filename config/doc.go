// Package config reads pinwheel's configuration: strict YAML becomes a
// plan.Policy per project, and the endpoints a run talks to.
//
// Its one invariant: a Config that Load returned is complete and consistent,
// with every default filled in; everything wrong with a file is reported at
// once, each with its line and what to do about it.
//
// It holds no secret and asks nobody: tokens are read when Token or Password
// is called, and whether a project or an index exists is not known here. The
// keys are described in docs/config.md and in schema.json, both held true by
// tests.
package config
