package server

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// docsGroup is the operations of one tag.
type docsGroup struct {
	Tag        string
	Operations []docsOperation
}

type docsOperation struct {
	Method, Path, Summary, Text, Scope string
	Parameters                         []docsParameter
}

type docsParameter struct {
	Name, In, Text string
	Required       bool
}

// docsPage shows the interface to people: what /openapi.json says, in one page without
// scripts.
func (s *Server) docsPage(w http.ResponseWriter, r *http.Request) {
	groups := map[string]*docsGroup{}
	for path, item := range s.api.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op == nil || len(op.Tags) == 0 {
				continue
			}
			g := groups[op.Tags[0]]
			if g == nil {
				g = &docsGroup{Tag: op.Tags[0]}
				groups[op.Tags[0]] = g
			}
			g.Operations = append(g.Operations, docsOf(method, path, op))
		}
	}
	var all []*docsGroup
	for _, g := range groups {
		slices.SortFunc(g.Operations, func(a, b docsOperation) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
		})
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *docsGroup) int { return cmp.Compare(a.Tag, b.Tag) })
	page := struct {
		look
		Groups []*docsGroup
	}{s.look(r, 0), all}
	page.Heading = "The interface"
	s.render(w, r, http.StatusOK, "docs.html", page)
}

func docsOf(method, path string, op *huma.Operation) docsOperation {
	scope, _ := op.Metadata["scope"].(string)
	o := docsOperation{Method: method, Path: path, Summary: op.Summary, Text: op.Description, Scope: scope}
	for _, p := range op.Parameters {
		o.Parameters = append(o.Parameters, docsParameter{p.Name, p.In, p.Description, p.Required})
	}
	return o
}
