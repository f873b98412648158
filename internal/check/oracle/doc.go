// Package oracle asks the pip of this machine, and the packaging library inside
// it, what they say to a question that our own code answers too: how versions
// order, which a specifier admits, whether a marker holds, and whether
// requirements can be installed together from an index.
//
// Its invariant is that an answer is the reference's own or an error: a
// resolution that took too long, or that failed for another reason than a
// conflict, is never passed off as "no solution". No setting of the machine
// and no index but the one given has a say.
//
// It is for tests alone. It is not a way to install anything, it builds no
// source distribution (only wheels take part), and it knows one interpreter on
// one platform, the machine's. What it says follows the version of that pip,
// which a caller has to print and to reckon with: where the rules changed
// since, the difference has to be computed, not skipped.
package oracle
