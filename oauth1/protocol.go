package oauth1

import (
	"slices"
	"strings"
)

// fillProtocol lists the protocol parameters (RFC 5849 3.1), sorted as sent.
func (s *signing) fillProtocol() error {
	c := s.config
	hash, err := s.bodyHash()
	if err != nil {
		return err
	}
	list := make([]Param, 0, 10+len(c.Extra))
	add := func(name, value string, send bool) {
		if send {
			list = append(list, Param{name, value})
		}
	}
	add("oauth_body_hash", hash, hash != "")
	add("oauth_callback", c.Callback, c.Callback != "")
	add("oauth_consumer_key", c.ConsumerKey, c.ConsumerKey != "")
	if !c.OmitNonce {
		add("oauth_nonce", c.nonce(), true)
	}
	add("oauth_session_handle", c.SessionHandle, c.SessionHandle != "")
	add("oauth_signature_method", s.method.Name, true)
	if !c.OmitTimestamp {
		add("oauth_timestamp", c.timestamp(s.wire.url.server), true)
	}
	add("oauth_token", s.token.Token, s.token.Token != "" || s.token.SendEmpty)
	add("oauth_verifier", c.Verifier, c.Verifier != "")
	add("oauth_version", c.version(), !c.OmitVersion)
	s.protocol, err = withExtra(list, c.Extra)
	return err
}

func (c *Config) version() string {
	if c.Version != "" {
		return c.Version
	}
	return "1.0"
}

// withExtra merges further parameters in, sorted; no name may come twice
// (RFC 5849 3.2).
func withExtra(list, extra []Param) ([]Param, error) {
	if len(extra) == 0 {
		return list, nil
	}
	for _, p := range extra {
		if !strings.HasPrefix(p.Name, "oauth_") {
			p.Name = "oauth_" + p.Name
		}
		if p.Name == "oauth_signature" || slices.ContainsFunc(list, func(q Param) bool { return p.Name == q.Name }) {
			return nil, errDuplicate(p.Name, "it comes from another field of Config already")
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Param) int { return strings.Compare(PercentEncode(a.Name), PercentEncode(b.Name)) })
	return list, nil
}

func errDuplicate(name, detail string) error {
	return &Error{
		Code:      CodeDuplicate,
		Message:   "oauth: protocol parameter " + name + " must be sent once, in one place",
		Detail:    detail,
		Parameter: name,
	}
}

// bodyHash returns oauth_body_hash, "" for none. A form never gets a computed
// one: the draft forbids it, its parameters are signed anyway.
func (s *signing) bodyHash() (string, error) {
	computed, given := s.config.wantsBodyHash(s.profile)
	if (computed || given != "") && s.method.Kind == KindPlaintext {
		return "", errBodyHashPlaintext()
	}
	if !computed || isForm(s.wire.contentType) && !s.profile.alwaysHash {
		return given, nil
	}
	m := s.method
	if s.profile.hashSHA1 {
		m = Methods[0]
	}
	if s.wire.hash != nil {
		return s.wire.hash(m)
	}
	return m.bodyHash(s.wire.body)
}
