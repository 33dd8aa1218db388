package bus

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	bodyName  = "BODIES"
	bodyLimit = 64 << 20 // what a worker reads; intake has a lower limit of its own
	bodySweep = 10 * time.Minute
	bodyAge   = time.Hour // until a body without a message is swept

	// listLimit ends a list. The client waits for as many entries as there were when it
	// began, for ever if one of them is removed meanwhile.
	listLimit = 30 * time.Second

	bodyWait  = 10 * time.Second // for one body, either way
	bodyRetry = 200 * time.Millisecond
)

func (b *Bus) ensureBodies(ctx context.Context) error {
	var err error
	b.bodies, err = b.js.ObjectStore(ctx, b.streamName(bodyName))
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		b.bodies, err = b.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: b.streamName(bodyName), MaxBytes: 2 * b.opts.MaxBytes, Replicas: b.opts.Replicas,
		})
	}
	return err
}

// putBody stores a large body before its message, so that no message is without one. Tenant
// and hook stand beside it, for the sweep.
func (b *Bus) putBody(ctx context.Context, d *Delivery) error {
	if len(d.Body) <= maxInline {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	meta := jetstream.ObjectMeta{Name: d.ID, Metadata: map[string]string{"tenant": d.Tenant, "hook": d.Hook}}
	_, err := b.bodies.Put(ctx, meta, bytes.NewReader(d.Body))
	if storeRefused(err) {
		return &Refusal{Reason: ErrFull, RetryAfter: retryFull, Cause: err}
	}
	return unavailable(err)
}

// errLost is the reason of a delivery whose body is not there.
var errLost = errors.New("the body of the delivery is lost")

// loadBody reads a body that is an object. In R3 a replica that lags behind may answer, with
// no object or too few pieces: only what stays away is lost.
func (b *Bus) loadBody(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	for {
		body, err := b.readBody(ctx, id)
		lagging := errors.Is(err, jetstream.ErrObjectNotFound) || errors.Is(err, jetstream.ErrDigestMismatch)
		if !lagging {
			return body, err
		}
		if !pause(ctx, bodyRetry) {
			return nil, errLost
		}
	}
}

func (b *Bus) readBody(ctx context.Context, id string) ([]byte, error) {
	object, err := b.bodies.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	return io.ReadAll(io.LimitReader(object, bodyLimit))
}

// dropBody removes the body of a finished delivery. The store would keep a marker of every
// object that was deleted, for ever: it goes, too.
func (b *Bus) dropBody(id string) {
	ctx, cancel := context.WithTimeout(b.living, bodyWait)
	defer cancel()
	err := b.bodies.Delete(ctx, id)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return
	}
	if err == nil {
		err = b.purgeMarker(ctx, id)
	}
	if err != nil {
		b.opts.Logger.Warn("body of a finished delivery stays until the sweep", "delivery", id, "err", err)
	}
}

func (b *Bus) purgeMarker(ctx context.Context, id string) error {
	bucket := b.streamName(bodyName)
	stream, err := b.js.Stream(ctx, "OBJ_"+bucket)
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSubject("$O."+bucket+".M."+base64.URLEncoding.EncodeToString([]byte(id))))
}

// sweepBodies removes old bodies without a message: their delivery was never published, or
// its worker died between acknowledgement and removal.
func (b *Bus) sweepBodies(ctx context.Context, age time.Duration) error {
	list, cancel := context.WithTimeout(ctx, listLimit)
	defer cancel()
	objects, err := b.bodies.List(list)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	if err != nil {
		return err
	}
	needed := map[[2]string]map[string]bool{}
	for _, object := range objects {
		if time.Since(object.ModTime) < age {
			continue
		}
		owner := [2]string{object.Metadata["tenant"], object.Metadata["hook"]}
		if needed[owner] == nil {
			if needed[owner], err = b.bodiesNeeded(ctx, owner[0], owner[1]); err != nil {
				return err
			}
		}
		if !needed[owner][object.Name] {
			b.dropBody(object.Name)
		}
	}
	return nil
}

// bodiesNeeded reads which ids of a hook have a message.
func (b *Bus) bodiesNeeded(ctx context.Context, tenant, hook string) (map[string]bool, error) {
	dead, err := b.js.Stream(ctx, b.streamName("DEAD"))
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	err = idsOf(ctx, dead, b.subject("dead", tenant, hook), needed)
	for _, p := range b.sequences {
		err = errors.Join(err, idsOf(ctx, p.stream, b.subject("seq", p.number, hook), needed))
	}
	for _, p := range b.hooks {
		err = errors.Join(err, idsOf(ctx, p.stream, b.subject("hook", p.number, "*", tenant, hook), needed))
	}
	return needed, err
}

// idsOf steps through the messages of a subject. A consumer would be shorter, but a work
// queue allows no second one for the same subjects.
func idsOf(ctx context.Context, stream jetstream.Stream, subject string, ids map[string]bool) error {
	for seq := uint64(1); ; {
		msg, err := nextOf(ctx, stream, seq, subject)
		if msg == nil {
			return err
		}
		if msg.Header.Get(headerBody) == bodyObject {
			ids[msg.Header.Get(jetstream.MsgIDHeader)] = true
		}
		seq = msg.Sequence + 1
	}
}
