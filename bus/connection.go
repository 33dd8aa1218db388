package bus

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// embeddedPing is how often the embedded server is asked whether it is there.
const embeddedPing = 30 * time.Second

// connect connects to the embedded server or to one of the cluster. denied hears of rights
// that the account lacks.
func connect(o Options, e *embedded, denied func(error)) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name("cleat"),
		nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2),
		// Fail at once while there is no server: the caller of a publish is waiting, and a
		// buffer would send it later, after the sender was told that it failed.
		nats.ReconnectBufSize(-1),
		// Credentials that were refused twice would close the connection for good, although
		// their file may be renewed, or the server come back with its accounts.
		nats.IgnoreAuthErrorAbort(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Logger.Warn("connection to NATS", "err", err)
			if errors.Is(err, nats.ErrPermissionViolation) {
				denied(err)
			}
		}),
	}
	if o.wire != nil {
		opts = append(opts, nats.SetCustomDialer(wired{o.wire}))
	}
	if e != nil {
		// A server in the same process is there as long as we are: on a machine without a free
		// processor it answers late, and that is no reason to part.
		return nats.Connect("", append(opts, nats.InProcessServer(e), nats.PingInterval(embeddedPing))...)
	}
	more, err := credentials(o)
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(strings.Join(o.Servers, ","), append(opts, more...)...)
	return nc, o.blame(err)
}

// wired dials through what a test has put there.
type wired struct{ wire func(net.Conn) net.Conn }

func (w wired) Dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, nats.DefaultTimeout)
	if err != nil {
		return nil, err
	}
	return w.wire(conn), nil
}

// credentials reads the files of the options, so that one that is no good is named.
func credentials(o Options) ([]nats.Option, error) {
	var opts []nats.Option
	var failed error
	add := func(setting string, opt nats.Option, err error) {
		if err == nil {
			err = try(opt)
		}
		if err != nil && failed == nil {
			failed = &SettingError{setting, err}
		}
		opts = append(opts, opt)
	}
	if o.Creds != "" {
		add("creds", nats.UserCredentials(o.Creds), nil)
	}
	if o.NKey != "" {
		key, err := nats.NkeyOptionFromSeed(o.NKey)
		add("nkey", key, err)
	}
	if o.TLSCA != "" {
		add("tls-ca", nats.RootCAs(o.TLSCA), nil)
	}
	if o.TLSCert != "" {
		add("tls-cert", nats.ClientCert(o.TLSCert, o.TLSKey), nil)
	}
	if o.Prefix != "" {
		// An account that shares the cluster gets rights on its own inboxes only.
		opts = append(opts, nats.CustomInboxPrefix("_INBOX."+o.Prefix))
	}
	return opts, failed
}

// try does with an option what a connection does when it begins.
func try(opt nats.Option) error {
	var scratch nats.Options
	if err := opt(&scratch); err != nil {
		return err
	}
	if scratch.UserJWT == nil {
		return nil
	}
	_, err := scratch.UserJWT()
	if err == nil {
		_, err = scratch.SignatureCB([]byte("nonce"))
	}
	return err
}

// temporary tells whether an error may go away by itself or at another stream: no leader,
// no connection, no answer in time.
func temporary(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code >= 500 && api.ErrorCode != codeStoreFailed
	}
	for _, known := range []error{
		nats.ErrNoResponders, jetstream.ErrNoStreamResponse, nats.ErrTimeout, context.DeadlineExceeded,
		nats.ErrReconnectBufExceeded, nats.ErrDisconnected, nats.ErrConnectionReconnecting,
		nats.ErrConnectionClosed, nats.ErrNoServers, jetstream.ErrNoHeartbeat, nats.ErrStaleConnection,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// codeStoreFailed is the error of a stream that takes no more: by its own limits, or since
// its store failed; the description tells.
const codeStoreFailed jetstream.ErrorCode = 10077

// storeRefused tells whether a limit of the stream refused a message.
func storeRefused(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == codeStoreFailed &&
		strings.HasPrefix(api.Description, "maximum ")
}
