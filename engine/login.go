package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// login puts what the directive auth says into w: an extension of cleat that Make does not
// have (connections.md 4, Digest and mTLS).
func (r *Run) login(req *request, w *wire) error {
	v, err := r.evaluate(req, req.auth)
	if err != nil || v.IsNil() {
		return err
	}
	switch kind := v.Member("type").ToText(); strings.ToLower(kind) {
	case "digest":
		w.digest, err = newDigestLogin(v)
	case "certificate":
		err = w.tls.present(v)
		if err == nil && w.url.scheme != "https" {
			err = fmt.Errorf("auth of type certificate needs an address that begins with https: and not with %s", w.url.scheme)
		}
	default:
		err = fmt.Errorf("auth of type %q is not known; it is digest or certificate", kind)
	}
	if err != nil {
		return r.misconfigured(req, "auth", err)
	}
	return nil
}

// present takes the certificate that the client shows to a server which asks for one, with
// its key (RFC 8446 4.4.2). The certificates of authorities between may follow it.
func (s *tlsSetting) present(v value.Value) error {
	s.certificate, s.key = pemText(v.Member("certificate")), pemText(v.Member("key"))
	if s.certificate == "" || s.key == "" {
		return errors.New("auth of type certificate needs certificate and key")
	}
	_, err := s.pair()
	return err
}

func (s *tlsSetting) pair() (tls.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(s.certificate), []byte(s.key))
	if err != nil {
		err = errors.New("certificate and key: " + strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, err
}

// pemText gives back the line breaks that JSON and input fields turn into \n.
func pemText(v value.Value) string {
	return strings.ReplaceAll(v.ToText(), `\n`, "\n")
}
