// Package solve finds which pins go together: the requirements that the pins
// violate now, those that a move would add, and for a pin that should move, the
// newest version it can reach with the fewest other pins that have to move, too.
//
// Its invariant: a set that it offers adds no violated requirement to those that
// the pins violate as they are, in any environment, and the same facts give the
// same answer.
//
// It does not fetch. It lists the facts that it lacks in Solver.Missing; the
// caller fetches them and asks again. It does not make policy: the caller says
// what each pin may move to.
//
// Words of this package: a node is a pin or a root; an option is a version that a
// node may have, the first being the version it has; an environment is a Python
// on a platform, and a mask is a set of environments, a bit for each; an open name
// is a name that something requires and that no pin of the file meets.
package solve
