package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/cassette"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// capture is one test of a component (components.md 11.2): what it is given, the requests
// that it has to make with the answers to them, and what has to come out.
type capture struct {
	title string // such as "Module: listBooks finds nothing"
	kind  app.Kind
	id    string
	place source.Position

	parameters, data, common *value.Collection
	timezone                 string
	steps                    []cassette.Step
	recording                string // file with the exchanges, in place of steps
	output                   value.Value
	options                  *value.Collection
}

// captureKeys are the members of a test, those behind the first in the order of the
// arguments of capture.
var captureKeys = []string{"test", "parameters", "communications", "output", "data", "common", "metadata", "environment", "options", "recording"}

// component is the component under test as reports name it.
func (c *capture) component() string { return string(c.kind) + "/" + c.id }

// captured reads the arguments of capture in a block with this title.
func captured(title string, arguments value.Value) (*capture, error) {
	fields := value.NewCollection(len(captureKeys))
	fields.Set("test", value.Text(title))
	for i, v := range arguments.Array().Items() {
		if i+1 == len(captureKeys)-1 {
			return nil, fmt.Errorf("capture takes %d arguments: %s", i, strings.Join(captureKeys[1:i+1], ", "))
		}
		fields.Set(captureKeys[i+1], v)
	}
	return readCapture(fields)
}

// readCapture reads a test. metadata is accepted and not used: it follows from the app.
func readCapture(fields *value.Collection) (*capture, error) {
	for _, name := range fields.Names() {
		if !slices.Contains(captureKeys, name) {
			return nil, fmt.Errorf("unknown member %q: %s", name, first(source.DidYouMean(name, captureKeys), "a test has "+strings.Join(captureKeys, ", ")))
		}
	}
	c := &capture{title: fields.Get("test").ToText(), output: fields.Get("output"), recording: fields.Get("recording").ToText()}
	if err := c.target(); err != nil {
		return nil, err
	}
	var environment *value.Collection
	for _, part := range []struct {
		name string
		into **value.Collection
	}{{"parameters", &c.parameters}, {"data", &c.data}, {"common", &c.common}, {"environment", &environment}, {"options", &c.options}} {
		v := fields.Get(part.name)
		if !v.IsNil() && v.Kind() != value.KindCollection {
			return nil, fmt.Errorf("%s is no object", part.name)
		}
		*part.into = v.Collection()
	}
	c.timezone = environment.Get("timezone").ToText()
	if c.output.IsUndefined() {
		return nil, fmt.Errorf("output is missing: say what has to come out, or with which error it ends")
	}
	return c, c.communications(fields.Get("communications"))
}

// kindWords are the words with which a title begins.
var kindWords = map[string]app.Kind{"connection": app.ConnectionKind, "webhook": app.WebhookKind, "module": app.ModuleKind, "trigger": app.ModuleKind,
	"rpc": app.RPCKind, "endpoint": app.EndpointKind}

// target reads whom the title names: "Module: id", with any words behind it.
func (c *capture) target() error {
	word, rest, _ := strings.Cut(c.title, ":")
	words := strings.Fields(rest)
	kind, known := kindWords[strings.ToLower(strings.TrimSpace(word))]
	if !known || len(words) == 0 {
		return fmt.Errorf(`%q names no component: begin it as in "Module: listBooks", "RPC: shelves", "Connection: key", "Webhook: events" or "Endpoint: findBook"`, c.title)
	}
	c.kind, c.id = kind, words[0]
	return nil
}

func (c *capture) communications(list value.Value) error {
	if c.recording != "" && !list.IsNil() {
		return fmt.Errorf("communications and recording exclude each other")
	}
	if !list.IsNil() && list.Kind() != value.KindArray {
		return fmt.Errorf("communications is no array")
	}
	for i, item := range list.Array().Items() {
		step, err := cassette.ReadStep(item)
		if err != nil {
			return fmt.Errorf("communications[%d]: %w", i, err)
		}
		c.steps = append(c.steps, step)
	}
	return nil
}
