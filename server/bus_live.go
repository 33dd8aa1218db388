package server

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/cleat-run/cleat/bus"
)

// busLive is [Live] over the bus.
type busLive struct {
	bus *bus.Bus

	mu       sync.Mutex
	watching map[int64]int // watchers of this node, by team
}

func (l *busLive) Emit(team int64, run, kind string, data []byte) {
	_ = l.bus.Emit(strconv.FormatInt(team, 10), run, kind, data) // it may be lost
}

// Watched: with one node only its own watchers count. With several, those of the others
// cannot be asked at every exchange, so everything is told.
func (l *busLive) Watched(team int64) bool {
	if !l.bus.Embedded() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watching[team] > 0
}

func (l *busLive) Watch(ctx context.Context, team int64, after string) (Watcher, error) {
	var from uint64
	if after != "" {
		var err error
		if from, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, err
		}
	}
	s, err := l.bus.Subscribe(ctx, bus.Filter{Tenant: strconv.FormatInt(team, 10)}, from)
	if err != nil {
		return nil, err
	}
	l.count(team, 1)
	return &busWatcher{Subscription: s, leave: sync.OnceFunc(func() { l.count(team, -1) })}, nil
}

func (l *busLive) count(team int64, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watching == nil {
		l.watching = map[int64]int{}
	}
	if l.watching[team] += n; l.watching[team] == 0 {
		delete(l.watching, team)
	}
}

type busWatcher struct {
	*bus.Subscription
	leave func()
}

func (w *busWatcher) Close() {
	w.Subscription.Close()
	w.leave()
}

// Next returns what is told. A reader that is too slow is ended.
func (w *busWatcher) Next(ctx context.Context) (Told, error) {
	e, err := w.Subscription.Next(ctx)
	switch {
	case errors.Is(err, bus.ErrSlow), errors.Is(err, bus.ErrEnded):
		return Told{}, ErrBehind
	case err != nil:
		return Told{}, err
	case e.Kind == bus.Reset:
		return Told{}, ErrReset
	}
	return Told{ID: strconv.FormatUint(e.ID, 10), Run: e.Run, Kind: e.Kind, Data: e.Data}, nil
}
