//go:build linux

package kill_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// target is what a fault hits. Two faults at once hit different ones.
type target int

const (
	ofNode target = iota
	ofQueue
	ofRecords
)

// fault is something that happens to the installation. It is over when do returns, and
// everything works again then.
type fault struct {
	name   string
	on     target
	step   int  // of the short round; faults of the same step happen at once, 0 is not in it
	refuse bool // hooks are refused meanwhile, for the queue has no majority
	do     func(c *cluster, i int) error
}

// faults are in the order of the long round.
var faults = []fault{
	{"PostgreSQL killed with an answer to a refresh on its way", ofRecords, 1, false, killRecordsInRefresh},
	{"kill -9 of a node", ofNode, 2, false, killNode},
	{"kill -9 of a node in the middle of a refresh", ofNode, 0, false, killNodeInRefresh},
	{"SIGTERM of a node", ofNode, 3, false, endNode},
	{"a node frozen", ofNode, 1, false, freezeNode},
	{"PostgreSQL restarted", ofRecords, 0, false, restartRecords},
	{"PostgreSQL killed", ofRecords, 0, false, killRecords},
	{"the disk of PostgreSQL full", ofRecords, 2, false, fillRecords},
	{"kill -9 of the NATS server that leads a partition", ofQueue, 3, false, killLeader("HOOKS_0")},
	{"kill -9 of the NATS server that leads the polls", ofQueue, 0, false, killLeader("POLLS")},
	{"kill -9 of the NATS server that leads the cluster", ofQueue, 0, false, killLeader("")},
	{"a NATS server frozen", ofQueue, 0, false, freezeNATS},
	{"two NATS servers down", ofQueue, 2, true, stopNATS(2, 3*time.Second)},
	{"all NATS servers down", ofQueue, 0, true, stopNATS(3, 3*time.Second)},
	{"the disk of a NATS server full", ofQueue, 0, false, fillNATS(1)},
	{"the disks of all NATS servers full", ofQueue, 1, true, fillNATS(3)},
}

// errNotMade wraps why a fault cannot be made on this machine.
var errNotMade = errors.New("not made")

// span is when a fault was.
type span struct {
	fault
	number       int // of the victim
	began, ended time.Time
}

// cut is when a node was dead or frozen, so that what it had in hand may be lost. One that
// is asked to end may lose nothing.
type cut struct {
	node         int
	began, ended time.Time
}

// journal keeps the faults that were made, and what they did to nodes.
type journal struct {
	mu    sync.Mutex
	spans []span
	cuts  []cut
}

func (j *journal) cut(node int, began time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cuts = append(j.cuts, cut{node, began, time.Now()})
}

// wasCut reports whether a node was dead or frozen at some time between from and to.
func (j *journal) wasCut(node int, from, to time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.cuts, func(c cut) bool {
		return c.node == node && !c.began.After(to) && !c.ended.Before(from)
	})
}

func (j *journal) add(s span) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spans = append(j.spans, s)
}

// during returns the first fault for which matches holds and that touches the time between
// from and to.
func (j *journal) during(from, to time.Time, matches func(span) bool) (span, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.spans {
		if matches(s) && !s.began.After(to) && !s.ended.Before(from) {
			return s, true
		}
	}
	return span{}, false
}

// make makes a fault and notes when it was.
func (c *cluster) make(f fault, i int) error {
	s := span{fault: f, number: i, began: time.Now()}
	err := f.do(c, i)
	s.ended = time.Now()
	if !errors.Is(err, errNotMade) {
		c.journal.add(s)
	}
	if err != nil {
		return fmt.Errorf("%s (%d): %w", f.name, i, err)
	}
	return nil
}

// frozen is how long a process does not run: in long rounds longer than anything waits for
// it, but for the right to refresh.
func frozen() time.Duration {
	if *rounds > 1 {
		return 30 * time.Second
	}
	return 12 * time.Second
}

// away is how long a process is dead.
const away = 2 * time.Second

func killNode(c *cluster, i int) error {
	defer c.journal.cut(i, time.Now())
	c.nodes[i].kill()
	pause(away)
	return c.revive(i)
}

// refreshSoon is how long no connection at all may be refreshed while records or nodes are
// away: the right to refresh of one that died is free after 80 s.
const refreshSoon = 100 * time.Second

// killNodeInRefresh loses the answer of the provider: no lease can cure that (work.md 9).
func killNodeInRefresh(c *cluster, _ int) error {
	caught, release, err := c.provider.catch(refreshSoon)
	if err != nil {
		return err
	}
	defer release()
	if caught.node < 0 {
		return errors.New("no node has the connection of that request")
	}
	return killNode(c, caught.node)
}

// killRecordsInRefresh must not lose the answer: the node is well and waits for its records.
func killRecordsInRefresh(c *cluster, _ int) error {
	_, release, err := c.provider.catch(refreshSoon)
	if err != nil {
		return err
	}
	err = c.records.Kill()
	release()
	pause(away)
	return errors.Join(err, c.records.Restart())
}

func endNode(c *cluster, i int) error {
	return errors.Join(c.nodes[i].end(60*time.Second), c.revive(i))
}

func freezeNode(c *cluster, i int) error {
	defer c.journal.cut(i, time.Now())
	c.nodes[i].freeze(frozen())
	return nil
}

func restartRecords(c *cluster, _ int) error {
	err := c.records.Stop()
	pause(away)
	return errors.Join(err, c.records.Restart())
}

func killRecords(c *cluster, _ int) error {
	err := c.records.Kill()
	pause(away)
	return errors.Join(err, c.records.Restart())
}

// fullFor is how long a disk is full.
const fullFor = 4 * time.Second

// fillRecords makes the disk of PostgreSQL full: intake goes on, since it needs no SQL.
func fillRecords(c *cluster, _ int) error {
	if c.recordsDisk == nil {
		return fmt.Errorf("%w: %s", errNotMade, os.Getenv(noMounts))
	}
	room, err := c.recordsDisk.fill()
	if err != nil {
		return err
	}
	pause(fullFor)
	// PostgreSQL ends where it cannot write its log; whoever runs it starts it again.
	return errors.Join(room(), c.records.Restart())
}

// Times that the queue may take to work again: two elections, and a server that reads its
// store and catches up with the others.
const (
	takenTime   = 60 * time.Second
	currentTime = 90 * time.Second
)

// recovered waits until hooks are taken and all servers are as new as their leaders.
func (c *cluster) recovered() error {
	began := time.Now()
	failed := c.load.acceptedSince(began, takenTime)
	for _, s := range c.nats {
		failed = errors.Join(failed, until(currentTime, s.name+" is current", s.healthy))
	}
	return failed
}

// killLeader kills the leader of a stream, of the whole for "".
func killLeader(stream string) func(*cluster, int) error {
	return func(c *cluster, _ int) error {
		i, err := c.leader(stream)
		if err != nil {
			return err
		}
		c.nats[i].kill()
		pause(5 * time.Second)
		return errors.Join(c.nats[i].start(), c.recovered())
	}
}

func freezeNATS(c *cluster, i int) error {
	c.nats[i].freeze(frozen())
	return c.recovered()
}

// stopNATS kills some servers at once. Two of three are no quorum: hooks are refused.
func stopNATS(count int, down time.Duration) func(*cluster, int) error {
	return func(c *cluster, i int) error {
		began := time.Now()
		for n := range count {
			c.nats[(i+n)%3].kill()
		}
		failed := c.load.refusedSince(began.Add(time.Second), 20*time.Second)
		pause(down)
		for n := range count {
			failed = errors.Join(failed, c.nats[(i+n)%3].start())
		}
		return errors.Join(failed, c.recovered())
	}
}

// fillNATS makes the disks of some servers full. JetStream of a server that met that is
// off until it is started anew (work.md 14.6): whoever runs it does that when there is room.
func fillNATS(count int) func(*cluster, int) error {
	return func(c *cluster, i int) error {
		if c.nats[0].disk == nil {
			return fmt.Errorf("%w: %s", errNotMade, os.Getenv(noMounts))
		}
		began := time.Now()
		var failed error
		var rooms []func() error
		for n := range count {
			room, err := c.nats[(i+n)%3].disk.fill()
			failed = errors.Join(failed, err)
			if err == nil {
				rooms = append(rooms, room)
			}
		}
		if count > 1 {
			failed = errors.Join(failed, c.load.refusedSince(began.Add(time.Second), 30*time.Second))
		}
		pause(fullFor)
		for _, room := range rooms {
			failed = errors.Join(failed, room())
		}
		return errors.Join(failed, c.restartDisabled(), c.recovered())
	}
}

// restartDisabled starts the servers anew whose JetStream does not come back.
func (c *cluster) restartDisabled() error {
	var all sync.WaitGroup
	failed := make([]error, len(c.nats))
	for i, s := range c.nats {
		all.Go(func() {
			var ignored struct{}
			enabled := func() error { return s.ask("/healthz?js-enabled-only=true", &ignored) }
			if until(5*time.Second, s.name+" has JetStream", enabled) == nil {
				return
			}
			c.emptied.Add(1)
			s.kill()
			failed[i] = s.start()
		})
	}
	all.Wait()
	return errors.Join(failed...)
}
