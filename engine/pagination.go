package engine

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/value"
)

// page is one request that is to be sent.
type page struct {
	req    *request
	number int
	next   bool // built from pagination rather than from the request alone
}

func (r *Run) firstPage(req *request) *page {
	p := &page{req: req, number: 1}
	r.seesPage(p)
	return p
}

// seesPage sets pagination.page, offset and limit (communication.md 11.1): the limit
// starts at 20 and grows five-fold up to 500, the offset by the limit before.
func (r *Run) seesPage(p *page) {
	offset, limit := 0, 20
	for range p.number - 1 {
		offset, limit = offset+limit, min(limit*5, 500)
	}
	r.scope.Set("pagination", paginationNames.Of(value.Int(p.number), value.Int(offset), value.Int(limit)))
}

var paginationNames = value.NewLayout([]string{"page", "offset", "limit"})

// nextPage decides whether another page is asked for; nil means no. The condition is
// evaluated twice, with the number of the page that came and of the page to come
// (communication.md 11.2).
func (r *Run) nextPage(ctx context.Context, p *page, b *batch) (*page, error) {
	paging := p.req.pagination
	if paging == nil || !rules[r.plan.Kind].paged || b.silent || b.empty && paging.stopOnEmpty || p.req.url == nil && p.req.endpoint == nil {
		return nil, nil
	}
	if enough, err := r.enough(p.req, b); err != nil || enough {
		return nil, err
	}
	if wanted, err := r.isTrue(p.req, paging.condition); err != nil || !wanted {
		return nil, err
	}
	next := &page{req: p.req, number: p.number + 1, next: true}
	r.seesPage(next)
	if wanted, err := r.isTrue(p.req, paging.condition); err != nil || !wanted {
		return nil, err
	}
	if most := r.mostItems(); r.plan.Kind == Trigger && b.count >= most {
		r.cut(fmt.Sprintf("pagination stopped after %d items: the limit of a poll", most))
		return nil, nil
	}
	if !r.budget.nextPage() {
		r.cut(fmt.Sprintf("pagination stopped after %d page requests: the limit of a run", r.budget.pages))
		return nil, nil
	}
	if paging.delay > 0 {
		if err := r.engine.sleep(ctx, paging.delay); err != nil {
			return nil, err
		}
	}
	return next, ctx.Err()
}

// cut keeps that there may be more than what was read.
func (r *Run) cut(text string) {
	r.state.Cut = true
	r.warn(text)
}

// enough reports whether the pages so far hold all that is wanted by response.limit, when
// bundles are gathered.
func (r *Run) enough(req *request, b *batch) (bool, error) {
	polled := r.plan.Kind == Trigger && r.handOut != nil // its limit cuts what is new
	if b.out != nil || polled || req != r.plan.requests[len(r.plan.requests)-1] {
		return false, nil
	}
	limit, err := r.limit(req)
	return limit > 0 && b.count >= limit, err
}
