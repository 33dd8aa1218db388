package value_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// twins parses two objects with the same names, which share their layout.
func twins(t *testing.T, n int) (a, b *value.Collection) {
	t.Helper()
	var members []string
	for i := range n {
		members = append(members, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	object := "{" + strings.Join(members, ",") + "}"
	list, err := value.ParseJSON([]byte("[" + object + "," + object + "]"))
	if err != nil {
		t.Fatal(err)
	}
	return list.Array().At(0).Collection(), list.Array().At(1).Collection()
}

// changes are all that can be done to the names and values of a collection.
var changes = map[string]func(c *value.Collection){
	"set":           func(c *value.Collection) { c.Set("k0", value.Text("new")) },
	"add":           func(c *value.Collection) { c.Set("more", value.True) },
	"delete first":  func(c *value.Collection) { c.Delete("k0") },
	"delete middle": func(c *value.Collection) { c.Delete("k5"); c.Set("k5", value.Null) },
	"many": func(c *value.Collection) {
		for i := range 20 {
			c.Set(fmt.Sprint(i), value.Int(i))
		}
	},
	"empty": func(c *value.Collection) {
		for _, name := range slices.Clone(c.Names()) {
			c.Delete(name)
		}
	},
}

// TestCollectionsOfOneLayoutAreApart: whatever is done to one of them, or to a clone, the
// others stay, and it becomes what a collection that shares nothing becomes.
func TestCollectionsOfOneLayoutAreApart(t *testing.T) {
	t.Parallel()
	for _, n := range sizes[1:] {
		for name, change := range changes {
			a, b := twins(t, n)
			clone, before, alone := a.Clone(), toText(a), filled(n)
			change(a)
			change(alone)
			if toText(b) != before || toText(clone) != before {
				t.Errorf("%s of %d: the twin is %s, the clone %s", name, n, toText(b), toText(clone))
			}
			if toText(a) != toText(alone) {
				t.Errorf("%s of %d: %s, want %s", name, n, toText(a), toText(alone))
			}
			change(clone)
			if toText(b) != before || toText(clone) != toText(alone) {
				t.Errorf("%s of %d: the twin is %s, the clone %s", name, n, toText(b), toText(clone))
			}
			for i, member := range a.Names() {
				if _, v := a.At(i); toText(value.Object(member, a.Get(member)).Collection()) != toText(value.Object(member, v).Collection()) {
					t.Errorf("%s of %d: %s is looked up elsewhere", name, n, member)
				}
			}
		}
	}
}

func toText(c *value.Collection) string { return string(value.FromCollection(c).AppendJSON(nil)) }

// TestClonesOfACollectionThatIsRead: cloning is reading, also of what shares its layout.
func TestClonesOfACollectionThatIsRead(t *testing.T) {
	t.Parallel()
	a, b := twins(t, 12)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c := a.Clone()
			c.Set("own", value.True)
			c.Delete("k1")
			if c.Len() != 12 || b.Get("k1").Float() != 1 || a.Get("own").Truthy() {
				t.Errorf("the clone is %s", toText(c))
			}
		})
	}
	all.Wait()
}

func TestLayout(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b"}
	layout := value.NewLayout(names)
	names[0] = "x"
	if got := layout.Of(value.Int(1), value.Undefined); string(got.AppendJSON(nil)) != `{"a":1}` || got.Collection().Len() != 2 {
		t.Errorf("%s", got.AppendJSON(nil))
	}
	if value.NewLayout([]string{"a", "b", "a"}) != nil {
		t.Error("a repeated name has a layout")
	}
	if got := value.NewLayout(nil).Of(); string(got.AppendJSON(nil)) != `{}` {
		t.Errorf("nothing is %s", got.AppendJSON(nil))
	}
	defer func() {
		if recover() == nil {
			t.Error("a missing value is accepted")
		}
	}()
	layout.Of(value.Int(1))
}

// TestAParserReadsOneTextAfterAnother shows that nothing of one text gets into the next,
// whatever stopped it.
func TestAParserReadsOneTextAfterAnother(t *testing.T) {
	t.Parallel()
	var texts []string
	for i := range 60 {
		texts = append(texts, fmt.Sprintf(`{"a":%d,"name %d":"%s","list":[{"x":1,"y":"%d"},{"x":2,"y":[true,{}]},{"y":0,"x":null}],"x":{"a":1,"a":2}}`, i, i%7, strings.Repeat("é", i*9), i))
	}
	texts = append(texts, `[[{"a":`, `{"a" 1}`, strings.Repeat("[", 600), `{"list":[1,2,{"x":3,`, `"`+strings.Repeat("x", 2000)+`"`, "["+strings.Repeat(`{"k":1},`, 2000)+"0]", ``)
	p := new(value.JSONParser)
	random := rand.New(rand.NewPCG(1, 2))
	type read struct {
		v    value.Value
		want string
	}
	var kept []read
	for range 500 {
		text := []byte(texts[random.IntN(len(texts))])
		want, wrong := value.ParseJSON(slices.Clone(text))
		got, err := p.Parse(text)
		if fmt.Sprint(err) != fmt.Sprint(wrong) || string(got.AppendJSON(nil)) != string(want.AppendJSON(nil)) {
			t.Fatalf("%.80s: got %.80s, %v", text, got.AppendJSON(nil), err)
		}
		clear(text) // the text is the caller's again
		kept = append(kept, read{got, string(want.AppendJSON(nil))})
	}
	for _, r := range kept {
		if string(r.v.AppendJSON(nil)) != r.want {
			t.Fatalf("a value has changed since it was read: %.80s", r.v.AppendJSON(nil))
		}
	}
}
