// Package web answers who asks from outside: Prometheus, probes, and GitLab's webhooks.
//
// Its invariant: it judges nothing and writes nothing to GitLab. A request can at most
// say that a project is to be looked at again, so that forged and lost ones change
// nothing. It knows no run and no plan.
package web
