// Package solve tells which pins go together: what violates a requirement now,
// what a move would add to that, and for a pin that should move, the newest
// version it can reach and the smallest set of other upgrades it needs.
//
// Its invariant is that a set it offers adds no violated edge to those that
// the pins have as they are, in any environment, and that the same facts give
// the same answer.
//
// It does not fetch: what it does not know it lists in Solver.Missing, and the
// caller fetches and asks again. It does not choose policy either: what a pin
// may move to is given to it.
package solve
