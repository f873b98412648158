// Package web answers requests from outside: of Prometheus, of probes, and GitLab's webhooks.
//
// Its invariant: a request can at most make pinwheel look at a project again. So a forged
// request changes nothing, and neither does one that is lost.
//
// It judges nothing, writes nothing to GitLab, and knows no run and no plan.
package web
