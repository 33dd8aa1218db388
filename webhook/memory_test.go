package webhook_test

import (
	"context"
	"slices"
	"sync"

	"github.com/cleat-run/cleat/webhook"
)

// memory is a store for tests of what stands above it. Failing is returned by Append.
type memory struct {
	mu         sync.Mutex
	hooks      []*webhook.Record
	deliveries []*webhook.Delivery
	appends    int
	failing    func(...*webhook.Delivery) error
}

func (m *memory) find(match func(*webhook.Record) bool) (*webhook.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.hooks, match); i >= 0 {
		found := *m.hooks[i]
		return &found, nil
	}
	return nil, webhook.ErrNotFound
}

func (m *memory) Hook(_ context.Context, id int64) (*webhook.Record, error) {
	return m.find(func(r *webhook.Record) bool { return r.ID == id })
}

func (m *memory) HookNamed(_ context.Context, name string) (*webhook.Record, error) {
	return m.find(func(r *webhook.Record) bool { return r.Name == name })
}

func (m *memory) HooksWithUID(_ context.Context, app, typ, uid string) (ids []int64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.hooks {
		if r.App == app && r.Type == typ && r.UID == uid && uid != "" {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

func (m *memory) InsertHook(_ context.Context, r *webhook.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.ID, r.Version = int64(len(m.hooks)+1), 1
	stored := *r
	m.hooks = append(m.hooks, &stored)
	return nil
}

func (m *memory) UpdateHook(_ context.Context, r *webhook.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, old := range m.hooks {
		if old.ID == r.ID && old.Version == r.Version {
			r.Version++
			stored := *r
			m.hooks[i] = &stored
			return nil
		}
	}
	return webhook.ErrConflict
}

func (m *memory) DeleteHook(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks = slices.DeleteFunc(m.hooks, func(r *webhook.Record) bool { return r.ID == id })
	return nil
}

func (m *memory) Append(_ context.Context, deliveries ...*webhook.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appends++
	if m.failing != nil {
		if err := m.failing(deliveries...); err != nil {
			return err
		}
	}
	m.deliveries = append(m.deliveries, deliveries...)
	return nil
}

func (m *memory) Next(ctx context.Context, hook int64, n int) (next []*webhook.Delivery, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.deliveries {
		if d.Hook == hook && len(next) < n {
			next = append(next, d)
		}
	}
	return next, ctx.Err()
}

func (m *memory) Done(_ context.Context, ids ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deliveries = slices.DeleteFunc(m.deliveries, func(d *webhook.Delivery) bool { return slices.Contains(ids, d.ID) })
	return nil
}

func (m *memory) Backlog(_ context.Context, hook int64) (b webhook.Backlog, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.deliveries {
		if d.Hook == hook {
			b.Deliveries++
			b.Bytes += int64(len(d.Bundles)) << 10
		}
	}
	return b, nil
}
