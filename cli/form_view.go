package cli

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

// formView is a form in --json.
type formView struct {
	App      string        `json:"app"`
	Kind     string        `json:"kind"`
	ID       string        `json:"id"`
	Fields   []fieldView   `json:"fields"`
	Problems []problemView `json:"problems"` // of the values
	Warnings []problemView `json:"warnings"` // RPCs that did not answer, and mistakes of the definition
}

type fieldView struct {
	Name     string       `json:"name,omitempty"`
	Type     string       `json:"type"`
	Label    string       `json:"label,omitempty"`
	Help     string       `json:"help,omitempty"`
	Required bool         `json:"required,omitempty"`
	Advanced bool         `json:"advanced,omitempty"`
	Multiple bool         `json:"multiple,omitempty"`
	Depth    int          `json:"depth,omitempty"` // of fields that show this one
	Default  *value.Value `json:"default,omitempty"`
	Value    *value.Value `json:"value,omitempty"` // as it was given; never of a secret
	Limits   *limitsView  `json:"limits,omitempty"`
	Item     string       `json:"item,omitempty"` // type of the items of an array that are one value
	Search   *searchView  `json:"search,omitempty"`
	Options  []optionView `json:"options,omitempty"`
	Fields   []fieldView  `json:"fields,omitempty"`
}

// limitsView are the limits of a field in --json.
type limitsView struct {
	Min      *value.Value  `json:"min,omitempty"`
	Max      *value.Value  `json:"max,omitempty"`
	MinItems *int          `json:"minItems,omitempty"`
	MaxItems *int          `json:"maxItems,omitempty"`
	Pattern  string        `json:"pattern,omitempty"`
	Enum     []value.Value `json:"enum,omitempty"`
	Unique   bool          `json:"unique,omitempty"`
}

// searchView is a search button in --json.
type searchView struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

type optionView struct {
	Value value.Value `json:"value"`
	Label string      `json:"label"`
	Group string      `json:"group,omitempty"`
	About string      `json:"description,omitempty"`
}

type problemView struct {
	form.Problem
	File   string `json:"file,omitempty"` // where the definition declares the field
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

func fieldViews(shown []*form.Shown) []fieldView {
	all := make([]fieldView, 0, len(shown))
	for _, s := range shown {
		view := fieldView{Name: s.Name, Type: s.Type.Name, Label: s.Label, Help: s.Help, Required: s.Required, Advanced: s.Advanced,
			Multiple: s.Multiple, Depth: s.Depth, Fields: fieldViews(s.Fields)}
		if v := s.Standard(); !v.IsUndefined() && !s.Secret() {
			view.Default = &v
		}
		if s.Given && !s.Secret() && !s.Value.IsUndefined() {
			view.Value = &s.Value
		}
		view.Limits = viewLimits(s.Field)
		if item := s.Item(); item != nil && len(s.Fields) == 0 {
			view.Item = item.Type.Name
		}
		if b := s.Button(); b != nil {
			view.Search = &searchView{b.Label, b.URL}
		}
		for _, o := range s.Options {
			view.Options = append(view.Options, optionView{o.Value, o.Label, o.Group, o.About})
		}
		all = append(all, view)
	}
	return all
}

func viewLimits(f *form.Field) *limitsView {
	l, limited := f.Limits()
	if !limited {
		return nil
	}
	view := &limitsView{Pattern: l.Pattern, Enum: l.Enum, Unique: l.Unique}
	if !l.Min.IsUndefined() {
		view.Min = &l.Min
	}
	if !l.Max.IsUndefined() {
		view.Max = &l.Max
	}
	if l.MinItems >= 0 {
		view.MinItems = &l.MinItems
	}
	if l.MaxItems >= 0 {
		view.MaxItems = &l.MaxItems
	}
	return view
}

func problemViews(problems form.Problems) []problemView {
	all := make([]problemView, 0, len(problems))
	for _, p := range problems {
		all = append(all, problemView{p, p.Field.File, p.Field.Line, p.Field.Column})
	}
	return all
}

// formRows are the rows of a form for a person; children of collections stand below them
// with their path.
func formRows(shown []*form.Shown, prefix string, rows [][]string) [][]string {
	if rows == nil {
		rows = [][]string{{"NAME", "TYPE", "NEEDED", "LABEL", "VALUES"}}
	}
	for _, s := range shown {
		if s.Type.Display {
			continue
		}
		needed := ""
		if s.Required {
			needed = "yes"
		}
		kind := s.Type.Name
		if s.Multiple {
			kind += "[]"
		}
		rows = append(rows, []string{strings.Repeat("+ ", s.Depth) + prefix + s.Name, kind, needed, s.Label, choicesOf(s)})
		below := prefix + s.Name + "."
		if s.Type.Stored == "array" {
			below = prefix + s.Name + "[]."
		}
		rows = formRows(s.Fields, below, rows)
	}
	return rows
}

// maxShownOptions is how many options a row shows.
const maxShownOptions = 8

// choicesOf words the options of a field, and its default.
func choicesOf(s *form.Shown) string {
	var words []string
	for i, o := range s.Options {
		if i == maxShownOptions {
			words = append(words, fmt.Sprintf("%d more", len(s.Options)-i))
			break
		}
		word := o.Value.ToText()
		if o.Value.Collection() != nil || o.Value.Array() != nil {
			word = string(o.Value.AppendJSON(nil))
		}
		if o.Label != word {
			word += " (" + o.Label + ")"
		}
		words = append(words, word)
	}
	text := strings.Join(words, ", ")
	if v := s.Standard(); !v.IsUndefined() && !s.Secret() {
		text = strings.TrimSpace(text + " default " + v.ToText())
	}
	return text
}
