package engine

import "github.com/cleat-run/cleat/jsonc"

// overlay merges the epoch over the last request of a polling trigger (docs:
// component-blocks/epoch).
func (c *compiler) overlay(s Source, d *definition, last bool) *definition {
	epoch := define(s.Epoch, s.Epoch.Root())
	if !last || epoch == nil {
		return d
	}
	if epoch.is(jsonc.Object) {
		return inherit(d, epoch)
	}
	c.report(epoch, "FMT004", "an epoch must be an object", "it is merged over the last request of the trigger")
	return d
}
