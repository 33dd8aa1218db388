package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/cleat-run/cleat/record"
)

// route is an operation of the interface.
type route struct {
	id      string // names the operation in OpenAPI, such as listApps
	method  string
	path    string
	tag     string
	scope   record.Scope // that the actor must have
	open    bool         // nobody has to be known
	status  int          // of success; 0 means 200, or 204 when there is nothing to say
	summary string
	text    string // more than the summary, Markdown
	upload  bool   // the body may be as large as an app
	acts    bool   // a POST that acts: Idempotency-Key counts
	answer  any    // describes a body that the handler writes by itself
	stream  string // the type of a body that comes in pieces, as far as there is one
	later   bool   // the answer may be 202, and the work go on
}

const security = "token"

// openAPI begins the description of the interface.
func (s *Server) openAPI() {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "cleat", Version: s.Version, Description: "Runs Make custom apps: connections, runs, triggers and hooks.\n\n" +
				"Failures are `application/problem+json`. Lists are paged: pass `next` of a page as `after` of the next one. " +
				"A POST that acts honours `Idempotency-Key`: the same key gives the same answer for a day. Times are RFC 3339."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{security: {Type: "http", Scheme: "bearer", BearerFormat: "cleat_…",
					Description: "A token made under /v1/tokens. A person who signed in is known by a cookie instead."}},
			},
			Servers: []*huma.Server{{URL: s.PublicURL.String()}},
		},
		OpenAPIPath:   "/openapi",
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.finish},
	}
	s.api = humago.New(s.mux, config)
}

// jsonFormat writes and reads JSON. Unlike that of huma it does not escape HTML: nothing
// here is put into a page.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	},
	Unmarshal: json.Unmarshal,
}

func writeJSON(w io.Writer, v any) { _ = jsonFormat.Marshal(w, v) } // whoever asked is gone

// finish puts the id of the request into problems.
func (s *Server) finish(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	if !ok {
		return v, nil
	}
	told := *p
	told.RequestID = requestID(ctx.Context())
	logFailure(ctx.Context(), s.Log, &told)
	return &told, nil
}

// register adds a route. huma passes over embedded types whose names are not exported: what
// inputs and answers have in common is therefore exported. Its handler is called for actors only that may have it.
func register[I, O any](s *Server, rt route, handle func(context.Context, *Actor, *I) (*O, error)) {
	op := huma.Operation{OperationID: rt.id, Method: rt.method, Path: rt.path, Tags: []string{rt.tag}, Summary: rt.summary, Description: rt.text,
		DefaultStatus: rt.status, MaxBodyBytes: s.Limits.Body, BodyReadTimeout: s.Limits.Arrival, Metadata: map[string]any{"scope": string(rt.scope)},
		Errors: []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError}}
	if rt.upload {
		op.MaxBodyBytes = s.Limits.Upload
	}
	if !rt.open {
		op.Security = []map[string][]string{{security: {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound)
		if rt.scope != "" {
			op.Extensions = map[string]any{"x-scope": string(rt.scope)}
			op.Description += fmt.Sprintf("\n\nNeeds the scope `%s`.", rt.scope)
		}
		op.Middlewares = append(op.Middlewares, s.allow(rt.scope))
	}
	rt.describe(&op, s.api.OpenAPI().Components.Schemas)
	if rt.acts {
		op.Middlewares = append(op.Middlewares, s.once)
		op.Parameters = append(op.Parameters, &huma.Param{Name: idempotencyHeader, In: "header", Schema: &huma.Schema{Type: "string", MaxLength: new(maxKey)},
			Description: "A text of your choice: the same one gives the same answer for a day and acts once"})
	}
	if rt.upload {
		op.Middlewares = append(op.Middlewares, s.uploaded)
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, actorFrom(ctx), in)
		if err != nil {
			return nil, problemOf(err)
		}
		return out, nil
	})
}

// allow lets only those through who have a scope.
func (s *Server) allow(scope record.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		a := actorFrom(ctx.Context())
		switch {
		case a == nil:
			s.refuse(ctx, problem(http.StatusUnauthorized, "unauthorized", "sign in, or send a token as Authorization: Bearer cleat_…"))
		case !a.May(scope):
			s.refuse(ctx, problem(http.StatusForbidden, "forbidden", "this needs the scope %s", scope))
		default:
			next(ctx)
		}
	}
}

func (s *Server) refuse(ctx huma.Context, p *Problem) {
	r, w := humago.Unwrap(ctx)
	writeProblem(w, r, s.Log, p)
}

// body is an answer with a body of type T.
type body[T any] struct{ Body T }

// none is an answer without a body.
type none struct{}

// list is a page of a list.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Pass it as after to get the next page; absent on the last one"`
}

// Paging are the parameters of a list.
type Paging struct {
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (p Paging) page() record.Page { return record.Page{After: p.After, Limit: p.Limit} }

// pageOf makes an answer of records. A full page may have a next one.
func pageOf[R, T any](p record.Page, all []R, view func(R) T, cursor func(R) string) *body[list[T]] {
	out := &body[list[T]]{}
	out.Body.Items = make([]T, len(all))
	for i, r := range all {
		out.Body.Items[i] = view(r)
	}
	if len(all) > 0 && len(all) == p.Limit {
		out.Body.Next = cursor(all[len(all)-1])
	}
	return out
}
