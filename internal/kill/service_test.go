//go:build linux

package kill_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// items is the service that triggers ask: each of them has items 1, 2, 3 … as time goes by.
type items struct {
	began time.Time
	every time.Duration
	last  atomic.Int64 // > 0: no more come
}

func (s *items) count() int64 {
	if n := s.last.Load(); n > 0 {
		return n
	}
	return int64(time.Since(s.began)/s.every) + 1
}

func (s *items) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	type item struct {
		ID int64 `json:"id"`
	}
	var all []item
	for id := int64(1); id <= s.count(); id++ {
		all = append(all, item{id})
	}
	answer(w, http.StatusOK, all)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// receiver is a destination: it notes when each bundle came.
type receiver struct {
	mu   sync.Mutex
	came map[string]map[int64][]time.Time // by source and number
}

func (d *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var bundle struct{ N int64 }
	if err := json.NewDecoder(r.Body).Decode(&bundle); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	source := r.Header.Get("Cleat-Source")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.came[source] == nil {
		d.came[source] = map[int64][]time.Time{}
	}
	d.came[source][bundle.N] = append(d.came[source][bundle.N], time.Now())
}

// missing counts what was accepted of the given sources and has not come.
func (d *receiver) missing(accepted map[string][]int64, sources []string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, source := range sources {
		for _, id := range accepted[source] {
			if len(d.came[source][id]) == 0 {
				n++
			}
		}
	}
	return n
}

// again are the times at which something was sent that was sent once more later.
func (d *receiver) again() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []time.Time
	for _, numbers := range d.came {
		for _, times := range numbers {
			all = append(all, times[:len(times)-1]...)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}
