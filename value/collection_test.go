package value_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// filled returns a collection with the members k0 … k(n-1), numbered.
func filled(n int) *value.Collection {
	c := value.NewCollection(0)
	for i := range n {
		c.Set(fmt.Sprintf("k%d", i), value.Int(i))
	}
	return c
}

// sizes lie on both sides of the size from which a collection keeps an index.
var sizes = []int{0, 1, 2, 7, 8, 9, 10, 100}

func TestMembersKeepTheOrderInWhichTheyWereFirstSet(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := filled(n)
		for i := n - 1; i >= 0; i-- {
			c.Set(fmt.Sprintf("k%d", i), value.Int(-i))
		}
		if c.Len() != n {
			t.Fatalf("%d members, want %d", c.Len(), n)
		}
		i := 0
		for name, v := range c.All() {
			if want := fmt.Sprintf("k%d", i); name != want || v.Float() != float64(-i) || c.Names()[i] != want {
				t.Errorf("of %d, member %d is %s = %v", n, i, name, v.Float())
			}
			if atName, at := c.At(i); atName != name || at.Float() != v.Float() {
				t.Errorf("At(%d) is %s", i, atName)
			}
			i++
		}
	}
}

func TestLookupTellsUndefinedFromMissing(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := filled(n)
		c.Set("u", value.Undefined)
		if v, ok := c.Lookup("u"); !ok || !v.IsUndefined() {
			t.Errorf("of %d: an undefined member is missing", n)
		}
		if v, ok := c.Lookup("U"); ok || !v.IsUndefined() {
			t.Errorf("of %d: a name of another case is found", n)
		}
		if c.Len() != n+1 {
			t.Errorf("of %d: %d members", n, c.Len())
		}
	}
}

func TestDeleteLeavesTheOthersInPlace(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		for _, gone := range []int{0, n / 2, n - 1} {
			if n == 0 {
				continue
			}
			c := filled(n)
			c.Delete(fmt.Sprintf("k%d", gone))
			c.Delete("missing")
			c.Set("new", value.True)
			var want []string
			for i := range n {
				if i != gone {
					want = append(want, fmt.Sprintf("k%d", i))
				}
			}
			want = append(want, "new")
			if !slices.Equal(c.Names(), want) {
				t.Fatalf("names %v, want %v", c.Names(), want)
			}
			for i := range n {
				v, ok := c.Lookup(fmt.Sprintf("k%d", i))
				if ok != (i != gone) || ok && v.Float() != float64(i) {
					t.Errorf("of %d without %d: member %d is %v, %v", n, gone, i, v.Float(), ok)
				}
			}
		}
	}
}

func TestDeletingWhileReadingTheMembersIsSafe(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := filled(n)
		for name := range c.All() {
			c.Delete(name)
		}
		if want := n / 2; c.Len() != want {
			t.Errorf("%d of %d members are left, want %d", c.Len(), n, want)
		}
	}
}

func TestHeadersAreFoundWithoutRegardToCase(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := value.NewHeaders(0)
		for i := range n {
			c.Set(fmt.Sprintf("X-Number-%d", i), value.Int(i))
		}
		c.Set("Content-Type", value.Text("a"))
		c.Set("content-TYPE", value.Text("b"))
		if c.Len() != n+1 || c.Get("CONTENT-type").Str() != "b" || c.Names()[n] != "Content-Type" {
			t.Errorf("of %d: %v", n, c.Names())
		}
		for i := range n {
			if got := c.Get(strings.ToUpper(fmt.Sprintf("X-Number-%d", i))); got.Float() != float64(i) || got.IsUndefined() {
				t.Errorf("of %d: header %d is not found", n, i)
			}
		}
		if got := c.Clone().Get("content-type").Str(); got != "b" {
			t.Errorf("of %d: the clone knows %q", n, got)
		}
		c.Delete("CONTENT-TYPE")
		if c.Len() != n {
			t.Errorf("of %d: not deleted", n)
		}
	}
}

// Only ASCII has a case in header names, with and without an index: the Kelvin sign is
// no k and the long s no s.
func TestHeaderNamesFoldAlikeAtEverySize(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := value.NewHeaders(0)
		for i := range n {
			c.Set(fmt.Sprintf("%d", i), value.Null)
		}
		c.Set("kſ", value.Int(1))
		for _, other := range []string{"Ks", "ks", "kS", "ſk", "\u212aſ"} {
			if _, ok := c.Lookup(other); ok {
				t.Errorf("of %d: %q is found as kſ", n, other)
			}
		}
		if _, ok := c.Lookup("Kſ"); !ok {
			t.Errorf("of %d: Kſ is not found as kſ", n)
		}
	}
}

func TestACollectionBehavesAsAListOfPairs(t *testing.T) {
	t.Parallel()
	for _, fold := range []bool{false, true} {
		c := value.NewCollection(0)
		if fold {
			c = value.NewHeaders(0)
		}
		var names []string
		var numbers []int
		find := func(name string) int {
			return slices.IndexFunc(names, func(n string) bool { return n == name || fold && strings.EqualFold(n, name) })
		}
		seed := uint32(1)
		for step := range 20_000 {
			seed = seed*1664525 + 1013904223
			name := string(rune('a'+seed>>8%16)) + string(rune('A'+seed>>16%2*32))
			i := find(name)
			switch seed >> 24 % 3 {
			case 0:
				if c.Delete(name); i >= 0 {
					names, numbers = slices.Delete(names, i, i+1), slices.Delete(numbers, i, i+1)
				}
			case 1:
				if c.Set(name, value.Int(step)); i >= 0 {
					numbers[i] = step
				} else {
					names, numbers = append(names, name), append(numbers, step)
				}
			default:
				if v, ok := c.Lookup(name); ok != (i >= 0) || ok && v.Float() != float64(numbers[i]) {
					t.Fatalf("step %d: %s is %v, %v", step, name, v.Float(), ok)
				}
			}
			if !slices.Equal(c.Names(), names) {
				t.Fatalf("step %d: names %v, want %v", step, c.Names(), names)
			}
		}
	}
}

func TestManyGoroutinesMayReadOneCollection(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		c := filled(n)
		c.Delete("k0")
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for i := range n {
					c.Get(fmt.Sprintf("k%d", i))
				}
				value.FromCollection(c).AppendJSON(nil)
				c.Clone()
			})
		}
		readers.Wait()
	}
}

func TestObjectPanicsOnANameWithoutAValue(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	//lint:ignore SA5012 the odd number is what this test is about
	value.Object("a", value.True, "b")
}

func BenchmarkCollectionGet(b *testing.B) {
	for _, n := range []int{4, 8, 9, 50, 1000} {
		c := filled(n)
		name := fmt.Sprintf("k%d", n-1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = c.Get(name)
			}
		})
	}
}

func BenchmarkHeadersGet(b *testing.B) {
	for _, n := range []int{4, 20} {
		c := value.NewHeaders(0)
		for i := range n {
			c.Set(fmt.Sprintf("X-Header-%d", i), value.Int(i))
		}
		name := fmt.Sprintf("x-header-%d", n-1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = c.Get(name)
			}
		})
	}
}
