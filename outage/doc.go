// Package outage remembers which servers do not answer, and words failures of the
// network.
//
// Its invariant: one request at a time asks a server that was down, and all others wait
// for its result. If a server answers other requests, one slow page is no reason to
// leave the server alone. The words have nothing in them that changes by itself: no port,
// address, instant or number of a request.
//
// It also reads from an answer how long a server asks to be left alone. It repeats no
// request and judges no answer. The clients, gitlab and pypi, do that.
package outage
