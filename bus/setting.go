package bus

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/nats-io/nats.go"
)

// SettingError says which of the Options the servers do not go with: "servers", "creds",
// "nkey", "tls-ca" or "tls-cert".
type SettingError struct {
	Setting string
	Err     error
}

// Error names the setting first.
func (e *SettingError) Error() string { return e.Setting + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *SettingError) Unwrap() error { return e.Err }

// blame names the setting that a failure to connect comes from.
func (o Options) blame(err error) error {
	say := func(setting, what string) error { return &SettingError{setting, fmt.Errorf("%s: %w", what, err)} }
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	remote, _ := errors.AsType[*net.OpError](err)
	handshake := errors.Is(err, nats.ErrTLS) || remote != nil && remote.Op == "remote error" // an alert, RFC 8446 6.2
	switch {
	case err == nil:
		return nil
	case untrusted:
		return say("tls-ca", "the certificate of the server is not trusted")
	case handshake && o.TLSCert == "":
		return say("tls-cert", "the server may want a certificate of ours")
	case handshake:
		return say("tls-cert", "the server does not accept it")
	case errors.Is(err, nats.ErrSecureConnWanted):
		return say("servers", "they speak no TLS")
	case errors.Is(err, nats.ErrNoServers):
		return say("servers", "none answers")
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return say(o.identity(), "the server does not accept us")
	}
	return err
}

// identity is the setting that tells servers who we are.
func (o Options) identity() string {
	switch {
	case o.Creds != "":
		return "creds"
	case o.NKey != "":
		return "nkey"
	case o.TLSCert != "":
		return "tls-cert"
	}
	return "servers"
}
