package oauth1

import (
	"slices"
	"strings"
)

// fillBase collects what is signed and writes the base string.
func (s *signing) fillBase() error {
	if err := s.collect(); err != nil {
		return err
	}
	s.base = s.baseString()
	return nil
}

// collect gathers and sorts all that is signed (RFC 5849 3.4.1.3).
func (s *signing) collect() error {
	s.params = make([]parameter, 0, len(s.protocol)+strings.Count(s.wire.url.query, "&")+1)
	for _, p := range s.protocol {
		s.params = append(s.params, s.profile.protocolParameter(p))
	}
	s.params = s.profile.appendCollected(s.params, s.wire.url.query, s.form())
	if name := s.repeated(); name != "" && s.config.Strict {
		return errDuplicate(name, "it is in the URL or form body too")
	}
	if s.config.signsMultipart(s.wire.contentType) {
		fields, err := multipartText(s.wire.contentType, s.wire.body)
		if err != nil {
			return err
		}
		for _, p := range fields {
			s.params = append(s.params, encodedParameter(p, originBody))
		}
	}
	sortParameters(s.params)
	return nil
}

// form is the body if it is one whose parameters are signed.
func (s *signing) form() string {
	if !isForm(s.wire.contentType) {
		return ""
	}
	return string(s.wire.body)
}

func (c *Config) signsMultipart(contentType string) bool {
	return strings.EqualFold(c.SignMultipart, SignMultipartText) && hasMediaType(contentType, "multipart/form-data")
}

// repeated names a protocol parameter that also stands in URL or body.
func (s *signing) repeated() string {
	for _, p := range s.params {
		if p.origin != originProtocol && strings.HasPrefix(p.name, "oauth_") &&
			slices.ContainsFunc(s.protocol, func(q Param) bool { return q.Name == p.name }) {
			return p.name
		}
	}
	return ""
}

func (s *signing) baseString() []byte {
	uri := s.wire.url.base(s.profile.keepPort)
	size := len(s.wire.method) + len(uri) + 32
	for _, p := range s.params {
		size += len(p.name) + len(p.value) + 16
	}
	return appendBaseString(make([]byte, 0, size), s.wire.method, uri, s.params)
}
