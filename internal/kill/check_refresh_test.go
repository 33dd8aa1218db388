//go:build linux

package kill_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cleat-run/cleat/store"
)

const (
	// storeTime is how long a node may take to store an answer to a refresh. When it is
	// killed within, the answer is lost, and no lease can cure that (work.md 9).
	storeTime = 3 * time.Second
	// refreshPause is the shortest time between two refreshes of one connection: the app
	// asks one second before the token ends.
	refreshPause = tokenTime - 2*time.Second
)

// refreshes is what the provider saw, against what the records hold in the end.
type refreshes struct {
	calls  []call
	stored map[string]int  // the refresh token that each account has in the records
	cut    func(call) bool // the node of a call was killed or frozen in the middle of it
}

// storedTokens reads the refresh tokens in the records, by account.
func storedTokens(ctx context.Context, s *store.Store) (map[string]int, error) {
	all, err := s.Connections(ctx)
	stored := map[string]int{}
	for _, r := range all {
		account, number := split(r.Data.Get("refreshToken").ToText())
		stored[account] = number
	}
	return stored, err
}

// cutBy tells whose node was killed or frozen before it can have stored the answer.
func cutBy(j *journal) func(call) bool {
	return func(c call) bool {
		to := c.ended
		if to.IsZero() {
			to = time.Now()
		}
		return j.wasCut(c.node, c.began, to.Add(storeTime))
	}
}

// count returns how many tokens were granted and how many of them were lost, which is calls
// minus stored versions, and what is wrong: a refresh token that was used twice, an answer
// that was not stored, and an expiry that was refreshed twice, where nothing cut them off.
func (r refreshes) count() (granted, lost int, wrong []string) {
	redeemed := map[string]call{} // by refresh token
	last := map[string]call{}     // by account
	for _, c := range r.calls {
		if c.given > 0 {
			token := join(c.account, c.given)
			if first, used := redeemed[token]; !used {
				redeemed[token] = c
			} else if !r.cut(first) {
				wrong = append(wrong, fmt.Sprintf("refresh token %s was used at %s by node %d and again at %s by node %d, and nothing happened to the first",
					token, first.began.Format(clock), first.node, c.began.Format(clock), c.node))
			}
		}
		if c.given == 0 || c.got == 0 {
			continue
		}
		granted++
		if before, ok := last[c.account]; ok && c.began.Sub(before.began) < refreshPause {
			wrong = append(wrong, fmt.Sprintf("%s was refreshed at %s by node %d and at %s by node %d: one expiry, two refreshes",
				c.account, before.began.Format(clock), before.node, c.began.Format(clock), c.node))
		}
		last[c.account] = c
	}
	for _, c := range r.calls {
		token := join(c.account, c.got)
		if _, used := redeemed[token]; used || c.given == 0 || c.got == 0 || r.stored[c.account] == c.got {
			continue
		}
		lost++
		if !r.cut(c) {
			wrong = append(wrong, fmt.Sprintf("refresh token %s, which node %d got at %s, was never stored, and nothing happened to it", token, c.node, c.began.Format(clock)))
		}
	}
	return granted, lost, wrong
}

func TestRefreshes(t *testing.T) {
	t.Parallel()
	at := func(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)).UTC() }
	asked := func(account string, node int, began float64, given, got int) call {
		return call{account: account, given: given, got: got, node: node, began: at(began), ended: at(began + 0.1)}
	}
	j := &journal{}
	j.cuts = []cut{{1, at(100), at(105)}}
	for _, test := range []struct {
		name          string
		calls         []call
		stored        int
		granted, lost int
		wrong         []string
	}{
		{name: "well", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 0, 5, 1, 2), asked("a", 2, 9, 2, 3)}, stored: 3, granted: 2},
		{name: "the node was killed before it stored", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 1, 99, 1, 2), asked("a", 2, 180, 1, 0), asked("a", 0, 185, 0, 3)}, stored: 3, granted: 1, lost: 1},
		{name: "another node was killed", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 2, 99, 1, 2), asked("a", 2, 103, 2, 3)}, stored: 1, granted: 2, lost: 1, wrong: []string{
			"refresh token a.3, which node 2 got at 00:01:43.000, was never stored, and nothing happened to it"}},
		{name: "nobody was killed", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 1, 199, 1, 2), asked("a", 2, 280, 1, 0)}, stored: 1, granted: 1, lost: 1, wrong: []string{
			"refresh token a.1 was used at 00:03:19.000 by node 1 and again at 00:04:40.000 by node 2, and nothing happened to the first",
			"refresh token a.2, which node 1 got at 00:03:19.000, was never stored, and nothing happened to it"}},
		{name: "two nodes at once", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 0, 5, 1, 2), asked("a", 2, 5.2, 1, 0)}, stored: 2, granted: 1, wrong: []string{
			"refresh token a.1 was used at 00:00:05.000 by node 0 and again at 00:00:05.200 by node 2, and nothing happened to the first"}},
		{name: "one after the other", calls: []call{asked("a", 0, 1, 0, 1), asked("a", 0, 5, 1, 2), asked("a", 2, 6, 2, 3)}, stored: 3, granted: 2, wrong: []string{
			"a was refreshed at 00:00:05.000 by node 0 and at 00:00:06.000 by node 2: one expiry, two refreshes"}},
	} {
		granted, lost, wrong := refreshes{test.calls, map[string]int{"a": test.stored}, cutBy(j)}.count()
		if granted != test.granted || lost != test.lost || !slices.Equal(wrong, test.wrong) {
			t.Errorf("%s: granted %d, lost %d, %q", test.name, granted, lost, wrong)
		}
	}
}
