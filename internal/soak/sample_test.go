//go:build linux

package soak_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sample is what a node holds at one moment.
type sample struct {
	at         time.Time
	rss        float64 // MiB, of the node
	childRSS   float64 // MiB, of the children that run functions
	live       float64 // MiB of heap that the last collection of garbage left
	goroutines float64
	files      float64 // open
	children   float64
	records    float64 // MiB of database and its log
	bus        float64 // MiB of the embedded bus
	processor  time.Duration
}

// measure is a figure of a sample, and how much of it may come on top in the second half.
type measure struct {
	name          string
	of            func(sample) float64
	factor, slack float64
}

// measures are what is watched. A leak of 1 kB a request would be 100 MiB in a long round,
// one goroutine in a thousand requests more than a hundred; the slack is what garbage and
// requests under way at the moment make of it.
var measures = []measure{
	{"RSS MiB", func(s sample) float64 { return s.rss }, 1.05, 4},
	{"live heap MiB", func(s sample) float64 { return s.live }, 1.05, 2},
	{"goroutines", func(s sample) float64 { return s.goroutines }, 1.02, 10},
	{"open files", func(s sample) float64 { return s.files }, 1.02, 10},
	{"children", func(s sample) float64 { return s.children }, 1, 1},
	{"RSS of children MiB", func(s sample) float64 { return s.childRSS }, 1.05, 8},
	{"records MiB", func(s sample) float64 { return s.records }, 1.1, 4},
	{"bus MiB", func(s sample) float64 { return s.bus }, 1.1, 8},
}

// sample looks at a node.
func (n *node) sample() (sample, error) {
	pid := n.cmd.Process.Pid
	s := sample{at: time.Now(), rss: residentOf(pid), processor: processorOf(pid), files: float64(count(fmt.Sprintf("/proc/%d/fd", pid))),
		records: sizeOf(n.home, "cleat.db"), bus: sizeOf(filepath.Join(n.home, "bus"), "")}
	for _, child := range childrenOf(pid) {
		s.children++
		s.childRSS += residentOf(child)
	}
	figures, err := n.figures()
	s.live, s.goroutines = figures["go_gc_heap_live_bytes"]/(1<<20), figures["go_goroutines"]
	return s, err
}

// figures reads the metrics that have no labels.
func (n *node) figures() (map[string]float64, error) {
	answer, err := http.Get(n.url + "/metrics")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			all[name] = v
		}
	}
	return all, nil
}

// residentOf is the memory of a process, 0 when it is gone.
func residentOf(pid int) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, resident float64
	_, _ = fmt.Sscan(string(text), &size, &resident)
	return resident * float64(os.Getpagesize()) / (1 << 20)
}

// processorOf is the time that a process has computed; the kernel counts in hundredths of
// a second (proc(5)).
func processorOf(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, behind, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(behind)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func childrenOf(pid int) []int {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

func count(dir string) int {
	entries, _ := os.ReadDir(dir)
	return len(entries)
}

// sizeOf is the size of the files in dir whose names begin with prefix, in MiB.
func sizeOf(dir, prefix string) float64 {
	size := int64(0)
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), prefix) {
			return nil // a file that has just gone
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return float64(size) / (1 << 20)
}

// row is what became of a measure: the medians of both halves behind the warm-up.
type row struct {
	measure
	first, second, most float64
}

// allowed is how much the second half may hold.
func (r row) allowed() float64 { return r.first*r.factor + r.slack }

func (r row) grew() bool { return r.second > r.allowed() }

// rows compares the halves of what was sampled behind the warm-up, the first fifth.
func rows(samples []sample) []row {
	steady := samples[len(samples)/5:]
	middle := len(steady) / 2
	var all []row
	for _, m := range measures {
		r := row{measure: m, first: median(steady[:middle], m.of), second: median(steady[middle:], m.of)}
		for _, s := range samples {
			r.most = max(r.most, m.of(s))
		}
		all = append(all, r)
	}
	return all
}

func median(samples []sample, of func(sample) float64) float64 {
	var all []float64
	for _, s := range samples {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// report prints the rows.
func report(t *testing.T, all []row) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %10s %10s %10s %10s\n", "", "1st half", "2nd half", "allowed", "most")
	for _, r := range all {
		fmt.Fprintf(&b, "%-22s %10.1f %10.1f %10.1f %10.1f\n", r.name, r.first, r.second, r.allowed(), r.most)
	}
	t.Log("\n" + b.String())
}

func TestLaw(t *testing.T) {
	t.Parallel()
	flat := func(i int) sample {
		return sample{rss: 60 + float64(i%7), goroutines: 400, records: 50 + float64(i%20)}
	}
	for _, c := range []struct {
		name string
		at   func(int) sample
		want []string
	}{
		{"flat, with noise", flat, nil},
		{"grows in the warm-up only", func(i int) sample { s := flat(i); s.rss -= float64(max(0, 40-i)); return s }, nil},
		{"200 kB a sample", func(i int) sample { s := flat(i); s.rss += float64(i) * .2; return s }, []string{"RSS MiB"}},
		{"a goroutine in four samples", func(i int) sample { s := flat(i); s.goroutines += float64(i / 4); return s }, []string{"goroutines"}},
		{"records that nobody prunes", func(i int) sample { s := flat(i); s.records = float64(i); return s }, []string{"records MiB"}},
	} {
		var samples []sample
		for i := range 200 {
			samples = append(samples, c.at(i))
		}
		var got []string
		for _, r := range rows(samples) {
			if r.grew() {
				got = append(got, r.name)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q grew, want %q", c.name, got, c.want)
		}
	}
}
