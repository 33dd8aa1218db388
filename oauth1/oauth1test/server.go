package oauth1test

import (
	"net"
	"net/http"
	"time"
)

// Server is a provider that listens on loopback.
type Server struct {
	*Provider
	URL string // http://127.0.0.1:port

	RequestTokenURL string
	AuthorizeURL    string
	AccessTokenURL  string
	WhoAmIURL       string

	server *http.Server
}

// Start starts a provider on a free port of 127.0.0.1.
func Start(o Options) (*Server, error) { return StartOn("127.0.0.1:0", o) }

// StartOn starts a provider on an address.
func StartOn(address string, o Options) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{Provider: New(o), URL: "http://" + listener.Addr().String()}
	s.RequestTokenURL, s.AuthorizeURL = s.URL+RequestTokenPath, s.URL+AuthorizePath
	s.AccessTokenURL, s.WhoAmIURL = s.URL+AccessTokenPath, s.URL+WhoAmIPath
	s.server = &http.Server{Handler: s.Provider, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(listener)
	return s, nil
}

// Close stops the server and cuts open connections.
func (s *Server) Close() error { return s.server.Close() }
