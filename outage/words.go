package outage

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// Words names the kind of a failure of the network, as a clause that may follow "it did
// not answer: ". The same kind has the same words, which have nothing of the error's own
// text but names of hosts that were asked for. The words of nil are "".
func Words(err error) string {
	if text := known(err); text != "" || err == nil {
		return text
	}
	return "the connection failed"
}

// Network reports whether an error is one of the network, whose kind Words knows, or one
// of the HTTP client, whose own text has parts that change by themselves.
func Network(err error) bool {
	var wrapped *url.Error
	return known(err) != "" || errors.As(err, &wrapped)
}

func known(err error) string {
	var down *Down
	var silent *hung
	var absent *refused
	switch {
	case err == nil:
		return ""
	case errors.As(err, &down):
		return Words(down.cause)
	case errors.As(err, &silent):
		return silent.Error()
	case errors.As(err, &absent):
		return absent.Error()
	}
	if text := untrusted(err); text != "" {
		return text
	}
	return connection(err)
}

// untrusted words a certificate that is not trusted. The library's own words have the
// time in them.
func untrusted(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet"
	case errors.As(err, &host):
		return "its certificate is for another name"
	case errors.As(err, &authority):
		return "its certificate is signed by an authority that is not trusted"
	case errors.As(err, &verification), errors.As(err, &invalid):
		return "its certificate is not trusted"
	case errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS as expected"
	}
	return ""
}

func connection(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy before it did not answer"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name " + dns.Name + " is not known to DNS"
	case errors.As(err, &dns):
		return "DNS did not answer for " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to its network"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "it broke the connection off"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	case errors.As(err, &op):
		return "the connection failed"
	case strings.Contains(err.Error(), "http2:"), strings.Contains(err.Error(), "http: server closed"), strings.Contains(err.Error(), "transport connection broken"):
		return "it broke the connection off"
	}
	return ""
}
