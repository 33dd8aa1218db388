package bus

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connect connects to the embedded server or to one of the cluster.
func connect(o Options, e *embedded) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name("cleat"),
		nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2),
		// Fail at once while there is no server: the caller of a publish is waiting, and a
		// buffer would send it later, after the sender was told that it failed.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Logger.Warn("connection to NATS", "err", err)
		}),
	}
	if e != nil {
		return nats.Connect("", append(opts, nats.InProcessServer(e))...)
	}
	more, err := credentials(o)
	if err != nil {
		return nil, err
	}
	return nats.Connect(strings.Join(o.Servers, ","), append(opts, more...)...)
}

func credentials(o Options) ([]nats.Option, error) {
	var opts []nats.Option
	if o.Creds != "" {
		opts = append(opts, nats.UserCredentials(o.Creds))
	}
	if o.NKey != "" {
		key, err := nats.NkeyOptionFromSeed(o.NKey)
		if err != nil {
			return nil, err
		}
		opts = append(opts, key)
	}
	if o.TLSCA != "" {
		opts = append(opts, nats.RootCAs(o.TLSCA))
	}
	if o.TLSCert != "" {
		opts = append(opts, nats.ClientCert(o.TLSCert, o.TLSKey))
	}
	if o.Prefix != "" {
		// An account that shares the cluster gets rights on its own inboxes only.
		opts = append(opts, nats.CustomInboxPrefix("_INBOX."+o.Prefix))
	}
	return opts, nil
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
