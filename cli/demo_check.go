package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// demoReport is what --check prints with --json.
type demoReport struct {
	OK    bool       `json:"ok"`
	Steps []demoStep `json:"steps"`
}

type demoStep struct {
	Name    string        `json:"name"`
	OK      bool          `json:"ok"`
	Detail  string        `json:"detail"`
	Bundles []value.Value `json:"bundles,omitempty"`
}

// demoCheck is a walk through the sample without a browser.
type demoCheck struct {
	*demo
	record *connect.Record
	report demoReport
}

func runDemoCheck(ctx context.Context, o *demoOptions) error {
	callback, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := first(o.listen, "127.0.0.1:0")
	d, err := o.startDemo(ctx, address, "http://"+callback.Addr().String()+callbackPaths[connect.OAuth1])
	if err != nil {
		return err
	}
	defer d.close()
	c := &demoCheck{demo: d, report: demoReport{OK: true}}
	err = c.walk(ctx, callback)
	if o.json {
		err = errors.Join(err, writeJSON(o.std.Out, c.report))
	}
	return err
}

func (c *demoCheck) walk(ctx context.Context, callback net.Listener) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) (demoStep, error)
	}{
		{"load", c.load},
		{"connect", func(ctx context.Context) (demoStep, error) { return c.authorize(ctx, callback) }},
		{"rpc listAlbums", c.albums},
		{"run renamePhoto", c.rename},
		{"webhook", c.webhook},
		{"trigger watchPhotos", c.watch},
		{"run searchPhotos", c.search},
	} {
		done, err := step.do(ctx)
		done.Name, done.OK = step.name, err == nil
		if err != nil {
			done.Detail, c.report.OK = err.Error(), false
		}
		c.report.Steps = append(c.report.Steps, done)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		c.show(done)
	}
	return nil
}

// show prints a step for a person; the last one with the exchange behind its bundles.
func (c *demoCheck) show(step demoStep) {
	exchanged := c.exchanges.take()
	if c.json {
		return
	}
	fmt.Fprintf(c.std.Out, "%-19s %s\n", step.Name, step.Detail)
	if len(step.Bundles) == 0 {
		return
	}
	fmt.Fprintln(c.std.Out)
	for _, x := range exchanged {
		x.ResponseHeader, x.ResponseBody = nil, ""
		writeExchange(c.std.Out, x)
	}
	fmt.Fprintln(c.std.Out)
	for _, bundle := range step.Bundles {
		writeJSON(c.std.Out, bundle)
	}
}

func (c *demoCheck) load(context.Context) (demoStep, error) {
	if err := c.app.Findings.Err(); err != nil {
		return demoStep{}, err
	}
	return demoStep{Detail: fmt.Sprintf("app %q: %d connection, %d modules, %d RPC, %d webhook", c.app.Name, len(c.app.Connections), len(c.app.Modules), len(c.app.RPCs), len(c.app.Webhooks))}, nil
}

// authorize goes through the service's page as a person would.
func (c *demoCheck) authorize(ctx context.Context, callback net.Listener) (demoStep, error) {
	session := connect.NewSecret()
	var failure error
	end := serve(callback, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.record, failure = c.finish(r.Context(), connect.Callback{Query: pairs(r.URL.RawQuery), Headers: headers(r.Header), Session: session})
		showOutcome(w, "Photos", failure)
	}))
	defer end()
	started, err := c.connect(ctx, session)
	if err != nil {
		return demoStep{}, err
	}
	if _, err := visitor.Visit(ctx, started.Redirect, visitor.Allow); err != nil {
		return demoStep{}, err
	}
	if failure != nil {
		return demoStep{}, failure
	}
	if c.record == nil {
		return demoStep{}, errors.New("the service did not send the browser back")
	}
	return demoStep{Detail: "OAuth 1.0: requestToken, authorize, accessToken, info;" + account(c.record)[len(" as"):]}, nil
}

func (c *demoCheck) albums(ctx context.Context) (demoStep, error) {
	list, err := c.app.RPC("listAlbums")
	if err != nil {
		return demoStep{}, err
	}
	options, err := c.demo.run(ctx, list, c.record, value.NewCollection(0), 0)
	if err == nil && len(options) == 0 {
		err = errors.New("no options")
	}
	return demoStep{Detail: fmt.Sprintf("%d options for a select", len(options))}, err
}

func (c *demoCheck) rename(ctx context.Context) (demoStep, error) {
	const title = "Boat & bridge, 100 % ☕"
	bundles, err := c.module(ctx, "renamePhoto", value.Object("id", value.Int(1001), "title", value.Text(title)).Collection(), 0)
	if err == nil && (len(bundles) != 1 || bundles[0].Member("title").ToText() != title) {
		err = fmt.Errorf("the photo came back as %v", bundles)
	}
	return demoStep{Detail: "the service stored " + title}, err
}

func (c *demoCheck) search(ctx context.Context) (demoStep, error) {
	const wanted = 3
	bundles, err := c.module(ctx, "searchPhotos", value.Object("text", value.Text("boat")).Collection(), wanted)
	if err == nil && len(bundles) != wanted {
		err = fmt.Errorf("%d bundles, not %d", len(bundles), wanted)
	}
	signed := c.service.Signatures()
	if err == nil && len(signed) == 0 {
		err = errors.New("the service saw no signature")
	}
	if err != nil {
		return demoStep{}, err
	}
	last := signed[len(signed)-1]
	return demoStep{Detail: fmt.Sprintf("%d bundles; the service checked the %s signature", len(bundles), last.SignatureMethod), Bundles: bundles}, nil
}

// watch polls three times: from a chosen photo on, when nothing happened, and when a
// photo was taken.
func (c *demoCheck) watch(ctx context.Context) (demoStep, error) {
	trigger, err := c.app.Trigger("watchPhotos")
	if err != nil {
		return demoStep{}, err
	}
	input := cleat.Input{Connection: c.record, Parameters: value.Object("limit", value.Int(10)).Collection()}
	choices, err := c.runtime.StartChoices(ctx, trigger, input)
	if err != nil || len(choices) < 2 {
		return demoStep{}, cmp.Or(err, fmt.Errorf("%d photos to begin with", len(choices)))
	}
	start := poll.Start{Choice: poll.Item, ID: choices[len(choices)-2].ID}
	var last value.Value
	for i, want := range []int{2, 0, 1} {
		if i == 2 {
			c.service.Take("sea", "Harbour at dusk")
		}
		out, err := c.runtime.Poll(ctx, trigger, cleat.Poll{Input: input, From: start}, func(bundle value.Value) error {
			last = bundle
			return nil
		})
		if err == nil && out.Given != want {
			err = fmt.Errorf("poll %d gave %d bundles, not %d", i+1, out.Given, want)
		}
		if err != nil {
			return demoStep{}, err
		}
	}
	return demoStep{Detail: fmt.Sprintf("from a chosen photo on: 2 bundles; again: none; when a photo is taken: %s", last.Member("title").ToText())}, nil
}

func (c *demoCheck) module(ctx context.Context, id string, parameters *value.Collection, limit int) ([]value.Value, error) {
	module, err := c.app.Module(id)
	if err != nil {
		return nil, err
	}
	return c.demo.run(ctx, module, c.record, parameters, limit)
}
