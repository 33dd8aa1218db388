package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

func TestSQLiteHooks(t *testing.T) {
	t.Parallel()
	storetest.RunHooks(t, func(t *testing.T) webhook.Store {
		return openStore(t, store.Options{Dir: t.TempDir()})
	})
}

// Two handles of one folder are to behave as one store.
func TestSQLiteHooksTwoHandles(t *testing.T) {
	t.Parallel()
	storetest.RunHooks(t, func(t *testing.T) webhook.Store {
		dir := t.TempDir()
		return &hookTurns{stores: []webhook.Store{
			openStore(t, store.Options{Dir: dir}),
			openStore(t, store.Options{Dir: dir}),
		}}
	})
}

// hookTurns hands each call to the next of several stores.
type hookTurns struct {
	stores []webhook.Store
	n      atomic.Uint64
}

func (s *hookTurns) next() webhook.Store { return s.stores[s.n.Add(1)%uint64(len(s.stores))] }

func (s *hookTurns) Hook(ctx context.Context, id int64) (*webhook.Record, error) {
	return s.next().Hook(ctx, id)
}

func (s *hookTurns) HookNamed(ctx context.Context, name string) (*webhook.Record, error) {
	return s.next().HookNamed(ctx, name)
}

func (s *hookTurns) HooksWithUID(ctx context.Context, app, typ, uid string) ([]int64, error) {
	return s.next().HooksWithUID(ctx, app, typ, uid)
}

func (s *hookTurns) InsertHook(ctx context.Context, r *webhook.Record) error {
	return s.next().InsertHook(ctx, r)
}

func (s *hookTurns) UpdateHook(ctx context.Context, r *webhook.Record) error {
	return s.next().UpdateHook(ctx, r)
}

func (s *hookTurns) DeleteHook(ctx context.Context, id int64) error {
	return s.next().DeleteHook(ctx, id)
}

func (s *hookTurns) Append(ctx context.Context, deliveries ...*webhook.Delivery) error {
	return s.next().Append(ctx, deliveries...)
}

func (s *hookTurns) Next(ctx context.Context, hook int64, n int) ([]*webhook.Delivery, error) {
	return s.next().Next(ctx, hook, n)
}

func (s *hookTurns) Done(ctx context.Context, ids ...string) error {
	return s.next().Done(ctx, ids...)
}

func (s *hookTurns) Backlog(ctx context.Context, hook int64) (webhook.Backlog, error) {
	return s.next().Backlog(ctx, hook)
}

// hooksSchema is the first schema with hooks. upgradeHook and upgradeDelivery are what the
// stores in testdata hold from there on: never change them.
const hooksSchema = 5

func upgradeHook() *webhook.Record {
	return &webhook.Record{Name: "Zdeněk", App: "photos", Root: "/apps/photos", Type: "renamed", Connection: 1, Token: "token", Attached: true,
		Address: "https://cleat.example/hook/token", Sequential: true, UID: "42", Parameters: upgradeRecord().Data, Data: upgradeRecord().Data}
}

func upgradeDelivery() *webhook.Delivery {
	return &webhook.Delivery{ID: "delivery", Hook: 1, Received: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC),
		Bundles: []value.Value{value.FromCollection(upgradeRecord().Data), value.Null}}
}

func checkUpgradeHook(t *testing.T, s *store.Store) {
	t.Helper()
	got, err := s.HookNamed(t.Context(), "Zdeněk")
	if err != nil {
		t.Fatal(err)
	}
	want := upgradeHook()
	want.ID, want.Version = 1, 1
	want.Created = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	want.Updated = want.Created
	storetest.SameHook(t, got, want)
	if team, id, err := s.HookWithToken(t.Context(), "token"); err != nil || team != 1 || id != 1 {
		t.Errorf("its token finds hook %d of team %d, error %v", id, team, err)
	}
	queue, err := s.Next(t.Context(), 1, 10)
	if err != nil || len(queue) != 1 || !slices.EqualFunc(queue[0].Bundles, upgradeDelivery().Bundles, storetest.Equal) {
		t.Errorf("the queue holds %v, error %v", queue, err)
	}
}

// No file of a store holds what a hook was sent or its address, also not once it is done,
// and a rotation of keys loses none of it.
func TestHooksAreSecret(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	h := &webhook.Record{Name: "a", Token: secretToken, Address: "https://a.b/" + secretToken, UID: secretUID, Parameters: secretData(), Data: secretData()}
	if err := s.InsertHook(ctx, h); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		d := &webhook.Delivery{ID: fmt.Sprint(i), Hook: h.ID, Bundles: []value.Value{value.FromCollection(secretData())}}
		if err := s.Append(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	look := func(when string) {
		t.Helper()
		for name, content := range folderBytes(t, dir) {
			wantAbsent(t, name+" "+when, content, secretToken, secretUID)
		}
	}
	look("after deliveries")
	done, err := s.RotateKeys(ctx)
	if err != nil || done.Rewrapped != 21 || done.Unreadable != 0 {
		t.Errorf("rotation: %+v, error %v, want 21 records", done, err)
	}
	if err := s.Done(ctx, "0", "1", "2"); err != nil {
		t.Fatal(err)
	}
	look("after a rotation")
	if queue, err := s.Next(ctx, h.ID, 100); err != nil || len(queue) != 17 || !storetest.Equal(queue[0].Bundles[0], value.FromCollection(secretData())) {
		t.Errorf("after a rotation: %d deliveries, error %v", len(queue), err)
	}
	if got, err := s.Hook(ctx, h.ID); err != nil || got.Token != secretToken || got.UID != secretUID {
		t.Errorf("after a rotation: %+v, error %v", got, err)
	}
	if err := s.DeleteHook(ctx, h.ID); err != nil {
		t.Fatal(err)
	}
	look("after the deletion")
}

// A delivery that was copied to another place in the database does not open.
func TestDeliveryIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	h := &webhook.Record{Name: "a"}
	if err := s.InsertHook(ctx, h); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		if err := s.Append(ctx, &webhook.Delivery{ID: id, Hook: h.ID, Bundles: []value.Value{value.Text(id)}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rawDatabase(t, dir).ExecContext(ctx, `update delivery set (data_key, bundles) = (select data_key, bundles from delivery where id = '2') where id = '1'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(ctx, h.ID, 2); err == nil || !strings.Contains(err.Error(), "a delivery cannot be decrypted") {
		t.Errorf("Next: %v", err)
	}
}

// queueForever appends deliveries and takes them out again, and prints a line before and
// after each change.
func queueForever(ctx context.Context, s *store.Store) error {
	h, err := s.HookNamed(ctx, "a")
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), i)
		twin := id + "t"
		if err := s.Append(ctx, &webhook.Delivery{ID: id, Hook: h.ID, Bundles: []value.Value{value.Text(id)}},
			&webhook.Delivery{ID: twin, Hook: h.ID, Bundles: []value.Value{value.Text(twin)}}); err != nil {
			return err
		}
		fmt.Println("added", id)
		if i%3 == 0 {
			fmt.Println("taking", id)
			if err := s.Done(ctx, id, twin); err != nil {
				return err
			}
			fmt.Println("took", id)
		}
	}
}

// What was appended is there after kill -9, what was done is not, and both halves of a
// change share their fate.
func TestKillQueue(t *testing.T) {
	t.Parallel()
	rounds := 15
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	h := &webhook.Record{Name: "a"}
	if err := s.InsertHook(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for range rounds {
		p := startChild(t, "queue", dir)
		p.stdin.Close()
		var timer *time.Timer
		for {
			line, err := p.lines.ReadString('\n')
			if err != nil {
				break
			}
			if timer == nil {
				timer = time.AfterFunc(rand.N(80*time.Millisecond), func() { _ = p.Process.Kill() })
			}
			word, id, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			states[id] = word
		}
		if err := p.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		timer.Stop()
		checkQueue(t, s, h.ID, states)
	}
	t.Logf("%d deliveries over %d kills", 2*len(states), rounds)
}

func checkQueue(t *testing.T, s *store.Store, hook int64, states map[string]string) {
	t.Helper()
	queue, err := s.Next(t.Context(), hook, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, d := range queue {
		there[d.ID] = true
		if d.Bundles[0].Str() != d.ID {
			t.Errorf("delivery %s holds %v", d.ID, d.Bundles)
		}
	}
	for id, state := range states {
		if there[id] != there[id+"t"] {
			t.Errorf("%s: half of a change is there", id)
		}
		if state != "taking" && there[id] != (state == "added") {
			t.Errorf("%s: %s, but there: %v", id, state, there[id])
		}
		if state == "taking" {
			states[id] = map[bool]string{true: "added", false: "took"}[there[id]]
		}
	}
}
