package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// network turns a failure without an answer into an error of the run
// (communication.md 10.4, network failures).
func (r *Run) network(req *request, w *wire, err error) error {
	e := &Error{Type: ConnectionError, Step: req.step, Directive: "url", Position: req.at["url"], Cause: err}
	where := w.method + " " + w.url.scheme + "://" + w.url.host + w.url.path
	var refused *RefusedError
	var tooLarge *tooLargeError
	var unstored *storeError
	var unreadable *encodingError
	var setting *settingError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var final interface {
		error
		Final() bool
		Hint() string
	}
	switch {
	case errors.As(err, &refused):
		e.Type, e.Message, e.Hint = InvalidConfigurationError, refused.Error(), refused.Hint()
		return e
	case errors.As(err, &tooLarge):
		e.Type, e.Message, e.Hint = tooLarge.kind(), tooLarge.Error(), tooLarge.Hint()
		return e
	case errors.As(err, &unstored):
		e.Type, e.Message = RuntimeError, where+": "+unstored.Error()
		return e
	case errors.As(err, &unreadable):
		e.Type, e.Message, e.Hint = DataError, where+": "+unreadable.Error(), unreadable.hint(w.header.Get("Accept-Encoding"))
		return e
	case errors.As(err, &setting):
		return r.misconfigured(req, setting.directive, setting.cause)
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		e.Type, e.Message = RuntimeError, where+": "+err.Error()
		return e
	case errors.As(err, &final) && final.Final(): // of a transport that is no network, such as a replay
		e.Type, e.Message, e.Hint = RuntimeError, final.Error(), final.Hint()
		return e
	case errors.Is(err, context.DeadlineExceeded):
		e.Code, e.Message = "ETIMEDOUT", fmt.Sprintf("%s: no answer within %s", where, w.timeout)
		return e
	default:
		e.Code = networkCode(err)
	}
	e.Message = where + ": " + plainCause(err)
	return e
}

func networkCode(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "ENOTFOUND"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ECONNREFUSED"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "ECONNRESET"
	}
	return ""
}

// plainCause is the text of err without the layers of the net package that repeat the
// address.
func plainCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed before the answer was complete"
	}
	return err.Error()
}

// isHandshakeFailure reports whether the other side ended the TLS handshake with alert 40.
func isHandshakeFailure(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == "tls: handshake failure"
}
