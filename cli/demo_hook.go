package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/value"
)

// hookPatience is how long the demo waits for what the service sends on its own.
const hookPatience = 10 * time.Second

// webhook attaches the webhook of the sample app, renames a photo, and takes the bundle
// that the instant trigger makes of what the service sends.
func (c *demoCheck) webhook(ctx context.Context) (demoStep, error) {
	ctx, cancel := context.WithTimeout(ctx, hookPatience)
	defer cancel()
	hook, err := c.hook(ctx)
	if err != nil {
		return demoStep{}, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return demoStep{}, err
	}
	defer serve(listener, hook)()
	if err := hook.Attach(ctx, "http://"+listener.Addr().String()); err != nil {
		return demoStep{}, err
	}
	bundle, err := c.renamed(ctx, hook)
	err = errors.Join(err, hook.Detach(context.WithoutCancel(ctx)))
	if left := c.service.Hooks(); err == nil && len(left) > 0 {
		err = errors.New("the service still knows the hook")
	}
	return demoStep{Detail: fmt.Sprintf("attached; the service sent %s; detached", bundle.Member("title").ToText())}, err
}

func (c *demoCheck) hook(ctx context.Context) (*cleat.Hook, error) {
	w, err := c.app.Webhook("photoRenamed")
	if err != nil {
		return nil, err
	}
	trigger, err := c.app.InstantTrigger("watchRenamed")
	if err != nil {
		return nil, err
	}
	return c.runtime.Hook(ctx, w, cleat.HookInput{Name: "demo", Connection: c.record, Trigger: trigger})
}

// renamed renames a photo and returns what the hook gives.
func (c *demoCheck) renamed(ctx context.Context, hook *cleat.Hook) (value.Value, error) {
	const title = "The white lighthouse"
	if _, err := c.module(ctx, "renamePhoto", value.Object("id", value.Int(1002), "title", value.Text(title)).Collection(), 0); err != nil {
		return value.Undefined, err
	}
	for bundle, err := range hook.Bundles(ctx) {
		if err == nil && bundle.Member("title").ToText() != title {
			err = fmt.Errorf("the webhook gave %s", bundle.AppendJSON(nil))
		}
		return bundle, err
	}
	return value.Undefined, fmt.Errorf("nothing came within %s", hookPatience)
}
