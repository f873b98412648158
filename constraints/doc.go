// Package constraints reads and rewrites a pip constraints file, or a requirements file, and the
// YAML file that is generated from it.
//
// Parse reads a constraints file as pip 26.2 does and keeps the place of every pin. Read reads a
// requirements file, too, which it recognises by its lines. Apply replaces the versions (and hash
// lists) of some pins. Rewrite removes and adds pins as well, in the file's own order and style.
// Derive writes the pins into a YAML file for CI, and ReadDerived reads them back.
//
// The one invariant: every byte that was not meant to change is unchanged. Both files are parsed
// only to locate what an edit replaces, the bytes are spliced, and the result is parsed again
// before it is returned.
//
// The package judges nothing: it knows no index, evaluates no marker, follows no "-c" or "-r",
// reads no environment and no clock, and does no I/O. Lines that it does not move are listed with a
// reason.
package constraints
