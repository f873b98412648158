// Package outage knows which servers do not answer, and says of an error of the
// network what kind it is.
//
// Its invariant: what hung or failed a minute ago is asked once, by whoever
// comes first, and everybody else waits for what becomes of that; a server that
// answered meanwhile is never passed over for the sake of one slow page. Its
// words hold nothing that changes by itself: no port, address, instant or
// number of a request.
//
// It reads how long a server asks to be left alone, for both clients alike. It
// repeats nothing and judges no answer: clients do.
package outage
