//go:build linux

package kill_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// natsServer is one of the three servers of NATS.
type natsServer struct {
	*process
	disk    *disk // nil where none can be mounted
	monitor string
}

type natsSettings struct {
	Number, Client, Route, Monitor int
	Routes                         [3]int
	Dir                            string
}

// startNATS starts the three servers and returns them with their addresses.
func startNATS(t testing.TB, dir string) (all [3]*natsServer, addresses string) {
	t.Helper()
	var clients, routes [3]int
	for i := range 3 {
		clients[i], routes[i] = freePort(t), freePort(t)
	}
	var list []string
	for i := range 3 {
		s := natsSettings{Number: i, Client: clients[i], Route: routes[i], Monitor: freePort(t), Routes: routes, Dir: fmt.Sprintf("%s/nats%d", dir, i)}
		settings, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("NATS server %d", i)
		all[i] = &natsServer{monitor: fmt.Sprintf("http://127.0.0.1:%d", s.Monitor), disk: smallDisk(t, s.Dir, queueDisk),
			process: &process{name: name, env: []string{role + "=nats", "CLEAT_KILL_NATS=" + string(settings)}, log: logFile(t, s.Dir+".log")}}
		if err := all[i].start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(all[i].kill)
		list = append(list, fmt.Sprintf("nats://127.0.0.1:%d", clients[i]))
	}
	return all, strings.Join(list, ",")
}

// serveNATS is the life of a child that is a server of NATS.
func serveNATS() {
	var s natsSettings
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.Unmarshal([]byte(os.Getenv("CLEAT_KILL_NATS")), &s); err != nil {
		fail(err)
	}
	opts := &server.Options{
		ServerName: "n" + strconv.Itoa(s.Number), Host: "127.0.0.1", Port: s.Client, HTTPHost: "127.0.0.1", HTTPPort: s.Monitor, NoSigs: true,
		JetStream: true, SyncAlways: true, StoreDir: s.Dir, JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 16 << 30,
		Cluster: server.ClusterOpts{Name: "kill", Host: "127.0.0.1", Port: s.Route, NoAdvertise: true},
	}
	for _, port := range s.Routes {
		opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		fail(err)
	}
	srv.SetLoggerV2(failures{}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		fail(errors.New("the server did not start"))
	}
	srv.WaitForShutdown()
}

// failures writes what a server says of failures to its log.
type failures struct{}

func (failures) say(format string, v []any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05.000 ")+format+"\n", v...)
}

func (f failures) Errorf(format string, v ...any) { f.say(format, v) }
func (f failures) Fatalf(format string, v ...any) { f.say(format, v) }
func (failures) Warnf(string, ...any)             {}
func (failures) Noticef(string, ...any)           {}
func (failures) Debugf(string, ...any)            {}
func (failures) Tracef(string, ...any)            {}

var monitoring = &http.Client{Timeout: 5 * time.Second}

// ask reads one of the monitoring pages of a server.
func (s *natsServer) ask(path string, into any) error {
	answer, err := monitoring.Get(s.monitor + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", s.name, answer.Status, text)
	}
	return json.Unmarshal(text, into)
}

// healthy reports whether JetStream works on the server and every stream and consumer of
// it is as new as its leader.
func (s *natsServer) healthy() error {
	var ignored struct{}
	return s.ask("/healthz", &ignored)
}

// electionTime is how long there may be no leader: elections are under way behind a fault.
const electionTime = 40 * time.Second

// leader waits for the server that leads a stream, or the whole with "", and returns its
// number.
func (c *cluster) leader(stream string) (n int, err error) {
	err = until(electionTime, "there is a leader", func() (err error) {
		n, err = c.leaderNow(stream)
		return err
	})
	return n, err
}

func (c *cluster) leaderNow(stream string) (int, error) {
	failed := errors.New("no server knows one")
	for _, s := range c.nats {
		var told struct {
			Meta     struct{ Leader string } `json:"meta_cluster"`
			Accounts []struct {
				Streams []struct {
					Name    string
					Cluster struct{ Leader string }
				} `json:"stream_detail"`
			} `json:"account_details"`
		}
		if err := s.ask("/jsz?streams=true", &told); err != nil {
			failed = err
			continue
		}
		if n := serverOf(told.Meta.Leader); stream == "" && n >= 0 {
			return n, nil
		}
		for _, account := range told.Accounts {
			for _, one := range account.Streams {
				if n := serverOf(one.Cluster.Leader); one.Name == stream && n >= 0 {
					return n, nil
				}
			}
		}
	}
	return 0, fmt.Errorf("nobody leads %q: %w", stream, failed)
}

// serverOf is the number of a server by its name, -1 for none.
func serverOf(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "n"))
	if err != nil {
		return -1
	}
	return n
}
