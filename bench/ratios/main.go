// Command ratios reads the output of go test -bench on its standard input, passes it on,
// and prints how each benchmark compares with the one named cleat beside it: the median
// of all runs, and how many times as long as cleat it takes.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ratios:", err)
		os.Exit(1)
	}
}

// result is one benchmark with the figures of its runs.
type result struct {
	group, name string
	ns, allocs  []float64
}

func run(in io.Reader, out io.Writer) error {
	var results []*result
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		results = add(results, lines.Text())
		if strings.HasPrefix(lines.Text(), "FAIL") {
			return fmt.Errorf("the benchmarks failed")
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	slices.SortStableFunc(results, func(a, b *result) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(median(a.ns), median(b.ns)))
	})
	ours := map[string]float64{}
	for _, r := range results {
		if r.name == "cleat" {
			ours[r.group] = median(r.ns)
		}
	}
	group := ""
	for _, r := range results {
		if ours[r.group] == 0 {
			continue
		}
		if r.group != group {
			group = r.group
			fmt.Fprintf(out, "\n%-20s %12s %12s %14s\n", group, "ns/op", "allocs/op", "against cleat")
		}
		fmt.Fprintf(out, "  %-18s %12.0f %12.0f %13.2fx\n", r.name, median(r.ns), median(r.allocs), median(r.ns)/ours[group])
	}
	return nil
}

// add takes the figures of a line such as
//
//	BenchmarkSign/cleat-2   1000   2145 ns/op   992 B/op   13 allocs/op
func add(results []*result, line string) []*result {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return results
	}
	full := strings.TrimPrefix(fields[0], "Benchmark")
	if at := strings.LastIndex(full, "-"); at > 0 {
		if _, err := strconv.Atoi(full[at+1:]); err == nil {
			full = full[:at]
		}
	}
	i := slices.IndexFunc(results, func(r *result) bool { return r.group == path.Dir(full) && r.name == path.Base(full) })
	if i < 0 {
		i, results = len(results), append(results, &result{group: path.Dir(full), name: path.Base(full)})
	}
	for at := 3; at < len(fields); at += 2 {
		figure, err := strconv.ParseFloat(fields[at-1], 64)
		if err != nil {
			continue
		}
		switch fields[at] {
		case "ns/op":
			results[i].ns = append(results[i].ns, figure)
		case "allocs/op":
			results[i].allocs = append(results[i].allocs, figure)
		}
	}
	return results
}

func median(figures []float64) float64 {
	if len(figures) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}
