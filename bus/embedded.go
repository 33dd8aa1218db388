package bus

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startLimit is how long the embedded server may take to read its store. One with a
// million deliveries takes seconds.
const startLimit = 60 * time.Second

// embedded is a NATS server inside the process that nobody else can reach.
type embedded struct {
	opts   *server.Options
	unlock func() error
	wire   func(net.Conn) net.Conn

	mu  sync.Mutex
	srv *server.Server
}

func startEmbedded(o Options) (*embedded, error) {
	// The server takes no lock, and two of them in one store destroy it.
	unlock, err := Lock(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := checkKey(o); err != nil {
		return nil, errors.Join(fmt.Errorf("folder %s: %w", o.Dir, err), unlock())
	}
	e := &embedded{opts: serverOptions(o), unlock: unlock, wire: o.wire}
	if err := e.start(o.Logger); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return e, nil
}

// checkKey refuses another key than that of the store. The server would leave out what it
// cannot read and go on with empty streams. What stands beside the store tells about its
// key.
func checkKey(o Options) error {
	path := filepath.Join(o.Dir, "key.check")
	mac := hmac.New(sha256.New, o.StoreKey)
	mac.Write([]byte("cleat queue"))
	want := hex.EncodeToString(mac.Sum(nil))
	if o.StoreKey == nil {
		want = "none"
	}
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return os.WriteFile(path, []byte(want), 0o600)
	case err != nil:
		return err
	case !hmac.Equal(have, []byte(want)):
		return errors.New("its store has another key")
	}
	return nil
}

func serverOptions(o Options) *server.Options {
	opts := &server.Options{
		ServerName: "cleat", DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: o.Dir, DisableJetStreamBanner: true,
		// Without it JetStream synchronises every two minutes and acknowledges before.
		SyncAlways: true,
		// Every stream reserves its MaxBytes when it is made, and making it fails when the
		// sum is above these.
		JetStreamMaxStore:  reserved(o.MaxBytes) + 1<<30,
		JetStreamMaxMemory: 2 * ownEventBytes,
	}
	if o.StoreKey != nil {
		opts.JetStreamKey = hex.EncodeToString(o.StoreKey)
		opts.JetStreamCipher = server.ChaCha
	}
	return opts
}

func (e *embedded) start(logger *slog.Logger) error {
	srv, err := server.NewServer(e.opts.Clone())
	if err != nil {
		return err
	}
	srv.SetLoggerV2(serverLog{logger}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(startLimit) || !srv.JetStreamEnabled() {
		srv.Shutdown()
		srv.WaitForShutdown()
		return errors.New("the embedded NATS server did not start")
	}
	e.mu.Lock()
	e.srv = srv
	e.mu.Unlock()
	return nil
}

// InProcessConn connects to the server that runs now: a client that reconnects finds the
// new one after a restart.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.srv.InProcessConn()
	if err == nil && e.wire != nil {
		conn = e.wire(conn)
	}
	return conn, err
}

func (e *embedded) shutdown() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
}

// restart ends the server and starts another one in the same store.
func (e *embedded) restart(logger *slog.Logger) error {
	e.shutdown()
	return e.start(logger)
}

func (e *embedded) close() error {
	e.shutdown()
	return e.unlock()
}

// serverLog passes on what the server says. Its notices are details to us.
type serverLog struct{ logger *slog.Logger }

func (l serverLog) say(level slog.Level, format string, v []any) {
	if l.logger.Enabled(context.Background(), level) {
		l.logger.Log(context.Background(), level, fmt.Sprintf(format, v...), "from", "nats")
	}
}

func (l serverLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
func (l serverLog) Warnf(format string, v ...any)   { l.say(slog.LevelWarn, format, v) }
func (l serverLog) Fatalf(format string, v ...any)  { l.say(slog.LevelError, format, v) }
func (l serverLog) Errorf(format string, v ...any)  { l.say(slog.LevelError, format, v) }
func (l serverLog) Debugf(format string, v ...any)  {}
func (l serverLog) Tracef(format string, v ...any)  {}
