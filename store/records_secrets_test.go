package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// putSecrets stores a secret in every sealed column of what a server keeps.
func putSecrets(t *testing.T, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d := &record.Destination{ID: "dst_1", Name: "d", URL: "https://a.example/" + secretToken, Secret: secretToken}
	check(s.InsertDestination(ctx, d))
	check(s.InsertVersion(ctx, &record.App{Name: "a"}, &record.Version{}, []byte(secretToken), true))
	check(s.InsertTrigger(ctx, &record.Trigger{ID: "trg_1", Name: "t", Parameters: secretData()}))
	check(s.InsertLink(ctx, &record.Link{Hash: "l", Team: 1, Details: []byte(secretToken), Expires: time.Now().Add(time.Hour)}))
	r := &record.Reply{Key: "k", Actor: "a", Expires: time.Now().Add(time.Hour)}
	_, err := s.BeginReply(ctx, r)
	check(err)
	r.Status, r.Body = 200, []byte(secretToken)
	check(s.EndReply(ctx, r))
	delivery := &record.Delivery{ID: "dlv_1", Request: []byte(secretToken)}
	_, err = s.BeginDelivery(ctx, delivery)
	check(err)
	check(s.EndDelivery(ctx, delivery.ID, delivery.Fence, &record.DeliveryEnd{State: record.DeliveryDone,
		Events: []*record.Event{{ID: "evt_1", Destination: d.ID, Bundle: []byte(secretToken)}},
		Run:    &record.Run{ID: "run_1", Transcript: []byte(secretToken)}}))
}

// secretsOf returns what putSecrets has stored.
func secretsOf(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	ctx, found := t.Context(), make(map[string]string)
	note := func(what, text string, err error) {
		if err != nil {
			text = "error: " + err.Error()
		}
		found[what] = text
	}
	if d, err := s.Destination(ctx, "dst_1"); err == nil {
		note("destination", strings.TrimPrefix(d.URL, "https://a.example/"), nil)
		note("destination secret", d.Secret, nil)
	} else {
		note("destination", "", err)
	}
	if a, err := s.AppNamed(ctx, "a"); err == nil {
		zip, err := s.Archive(ctx, a.ID, 1)
		note("archive", string(zip), err)
	}
	if trigger, err := s.Trigger(ctx, "trg_1"); err == nil {
		note("trigger", trigger.Parameters.Get("token").Str(), nil)
	} else {
		note("trigger", "", err)
	}
	if l, err := s.Link(ctx, "l"); err == nil {
		note("link", string(l.Details), nil)
	} else {
		note("link", "", err)
	}
	r := &record.Reply{Key: "k", Actor: "a"}
	_, err := s.BeginReply(ctx, r)
	note("reply", string(r.Body), err)
	if d, err := s.Delivery(ctx, "dlv_1"); err == nil {
		note("delivery", string(d.Request), nil)
	} else {
		note("delivery", "", err)
	}
	if e, err := s.Event(ctx, "evt_1"); err == nil {
		note("event", string(e.Bundle), nil)
	} else {
		note("event", "", err)
	}
	if r, err := s.Run(ctx, "run_1"); err == nil {
		note("run", string(r.Transcript), nil)
	} else {
		note("run", "", err)
	}
	return found
}

func wantSecrets(t *testing.T, when string, s *store.Store) {
	t.Helper()
	found := secretsOf(t, s)
	for what, text := range found {
		if text != secretToken {
			t.Errorf("%s the secret of the %s is %q", when, what, text)
		}
	}
	if len(found) != 9 {
		t.Errorf("%d secrets were found", len(found))
	}
}

// What a server keeps is sealed, and stays readable for all handles when keys rotate.
func TestRecordsAreSecret(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s, other := openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: dir})
	putSecrets(t, s)
	look := func(when string) {
		t.Helper()
		for name, content := range folderBytes(t, dir) {
			wantAbsent(t, name+" "+when, content, secretToken)
		}
	}
	look("after the changes")
	wantSecrets(t, "before a rotation", other)
	done, err := s.RotateKeys(ctx)
	if err != nil || done != (store.Rotation{Rewrapped: 1}) {
		t.Errorf("RotateKeys: %+v, error %v, want one data key of the hour", done, err)
	}
	wantSecrets(t, "after a rotation", openStore(t, store.Options{Dir: dir}))
	if err := s.PutRuns(ctx, &record.Run{ID: "run_2", Transcript: []byte(secretToken)}); err != nil {
		t.Fatal(err)
	}
	if r, err := openStore(t, store.Options{Dir: dir}).Run(ctx, "run_2"); err != nil || string(r.Transcript) != secretToken {
		t.Errorf("sealed by the key of before: %+v, error %v", r, err)
	}
	look("after a rotation")
}

// A ciphertext opens in its place only: not in another row, column or team.
func TestRecordsAreBoundToTheirPlaces(t *testing.T) {
	t.Parallel()
	for what, sql := range map[string]string{
		"run":                "update run set transcript = (select bundle from event)",
		"event":              "update event set bundle = (select request from received)",
		"delivery":           "update received set team = 2",
		"destination":        "update destination set url = secret",
		"destination secret": "update destination set version = 2",
		"trigger":            "update schedule set version = 7",
		"archive":            "update app_version set number = 2; update app set active = 2",
		"reply":              "update reply set actor = 'b', key = 'k'",
		"link":               "update link set team = 2",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := openStore(t, store.Options{Dir: dir})
			putSecrets(t, s)
			execute(t, rawDatabase(t, dir), sql)
			found := secretsOf(t, s)
			if what == "destination secret" {
				what = "destination"
			}
			if found[what] == secretToken {
				t.Errorf("the %s opens: %v", what, found)
			}
		})
	}
}

// Each hour has its data key, and keys of before stay known.
func TestDataKeyOfTheHour(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	now := time.Now()
	s := openStore(t, store.Options{Dir: dir, Now: func() time.Time { return now }})
	for i := range 6 {
		if err := s.PutRuns(ctx, &record.Run{ID: fmt.Sprint("run_", i), Transcript: []byte(fmt.Sprint(i))}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(30 * time.Minute)
	}
	fresh := openStore(t, store.Options{Dir: dir})
	for i := range 6 {
		if r, err := fresh.Run(ctx, fmt.Sprint("run_", i)); err != nil || string(r.Transcript) != fmt.Sprint(i) {
			t.Errorf("run %d: %+v, error %v", i, r, err)
		}
	}
	var keys int
	if err := rawDatabase(t, dir).QueryRow("select count(*) from data_key").Scan(&keys); err != nil || keys != 3 {
		t.Errorf("%d data keys for three hours, error %v", keys, err)
	}
}
