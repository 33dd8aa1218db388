package bus

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Delivery is one request that a webhook received.
type Delivery struct {
	ID          string    // of NewID; made by the receiver, the same for every try to publish
	Tenant      string    // cleat's own ids, of [a-z0-9_], never text of a user
	Hook        string    //
	Received    time.Time //
	Source      string    // client address as judged by the proxy rules
	Head        []byte    // one line of JSON: method, path, query, headers
	Body        []byte    // the exact bytes
	Traceparent string    // W3C trace context, may be empty
	ReplayOf    string    // id of the delivery that this one repeats, may be empty
}

// The headers of a message. Version is of the message's form: a worker runs none that it
// does not know.
const (
	headerVersion  = "Cleat-V"
	headerReceived = "Cleat-Recv"
	headerSource   = "Cleat-Src"
	headerBody     = "Cleat-Body"
	headerTrace    = "Traceparent"
	headerReplay   = "Cleat-Replay-Of"
	headerReason   = "Cleat-Reason"
	headerTenant   = "Cleat-Tenant"
	headerKind     = "Cleat-Kind"

	version = "1"

	bodyInline = "inline"
	bodyObject = "object"
)

const (
	// maxInline is the largest body inside a message. A stock server takes messages of 1 MB,
	// and large Raft entries slow everybody.
	maxInline = 512 << 10
	maxHead   = 256 << 10
)

// NewID returns a new id of a delivery: 128 bits, 48 of them the time in milliseconds, so
// that ids sort by time, and 80 random ones. Safe for concurrent use.
func NewID() string {
	var id [16]byte
	rand.Read(id[:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], ms[2:])
	return hex.EncodeToString(id[:])
}

var validID = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

func checkIDs(ids ...string) error {
	for _, id := range ids {
		if !validID.MatchString(id) {
			return fmt.Errorf("id %q: want up to 64 of a-z, 0-9 and _", id)
		}
	}
	return nil
}

func (d *Delivery) check() error {
	switch {
	case len(d.Head) > maxHead:
		return fmt.Errorf("head of a delivery: %d bytes, at most %d", len(d.Head), maxHead)
	case bytes.IndexByte(d.Head, '\n') >= 0:
		return errors.New("head of a delivery: must be one line")
	}
	return checkIDs(d.ID, d.Tenant, d.Hook)
}

// message encodes the delivery. A body above maxInline stays out of it.
func (d *Delivery) message(subject string) *nats.Msg {
	msg := nats.NewMsg(subject)
	h := msg.Header
	h.Set(nats.MsgIdHdr, d.ID)
	h.Set(headerVersion, version)
	h.Set(headerReceived, d.Received.UTC().Format(time.RFC3339Nano))
	h.Set(headerTenant, d.Tenant)
	setHeader(h, headerSource, d.Source)
	setHeader(h, headerTrace, d.Traceparent)
	setHeader(h, headerReplay, d.ReplayOf)
	msg.Data = append(append(make([]byte, 0, len(d.Head)+1+min(len(d.Body), maxInline)), d.Head...), '\n')
	if len(d.Body) > maxInline {
		h.Set(headerBody, bodyObject)
		return msg
	}
	h.Set(headerBody, bodyInline)
	msg.Data = append(msg.Data, d.Body...)
	return msg
}

// setHeader sets what is not empty. A line break would begin another header: what holds
// one is left out.
func setHeader(h nats.Header, name, value string) {
	if value != "" && !bytes.ContainsAny([]byte(value), "\r\n") {
		h.Set(name, value)
	}
}

// errNewer is the reason of dead deliveries that an older node cannot read.
var errNewer = errors.New("made by a newer version")

// decode reads a message into a delivery, without a body that is an object. The tenant
// and the hook are those of the subject's end.
func decode(header nats.Header, data []byte) (*Delivery, error) {
	if header.Get(headerVersion) != version {
		return &Delivery{ID: header.Get(jetstream.MsgIDHeader)}, errNewer
	}
	head, body, found := bytes.Cut(data, []byte{'\n'})
	received, err := time.Parse(time.RFC3339Nano, header.Get(headerReceived))
	d := &Delivery{
		ID: header.Get(jetstream.MsgIDHeader), Tenant: header.Get(headerTenant),
		Received: received, Source: header.Get(headerSource), Traceparent: header.Get(headerTrace),
		ReplayOf: header.Get(headerReplay), Head: head, Body: body,
	}
	if err != nil || !found || d.ID == "" {
		return d, errors.New("the message is damaged")
	}
	return d, nil
}
