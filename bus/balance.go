package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	balanceLook  = 5 * time.Second // whether a server is back
	balanceEvery = 5 * time.Minute
	balanceLimit = 5 * time.Second
)

// Balance keeps the leaders of the partitions on different servers, and the leaders of
// their consumers beside them, until ctx ends. That is what lets intake pass over a dead
// server: two of three leaders on one cost 180 refusals in a trial. All nodes may call it;
// the one that holds the lease works. With one replica there is nothing to do.
func (b *Bus) Balance(ctx context.Context, holder string) error {
	if b.opts.Replicas == 1 {
		<-ctx.Done()
		return nil
	}
	return b.Hold(ctx, "balancer", "cluster", holder, b.balanceNow)
}

// balanceNow balances at once, when a server has come back, and every five minutes.
func (b *Bus) balanceNow(ctx context.Context) {
	online, last := -1, time.Time{}
	for {
		layout, err := b.layout(ctx)
		if err == nil && (layout.online > online || time.Since(last) > balanceEvery) {
			last = time.Now()
			b.spread(ctx, layout)
		}
		if err == nil {
			online = layout.online
		}
		if !pause(ctx, balanceLook) {
			return
		}
	}
}

// layout is which server leads what.
type layout struct {
	streams []*jetstream.StreamInfo
	online  int // replicas that follow closely, of all streams
}

func (b *Bus) layout(ctx context.Context) (layout, error) {
	var l layout
	for _, p := range append(slices.Clone(b.hooks), b.sequences...) {
		info, err := p.stream.Info(ctx)
		if err != nil {
			return l, err
		}
		l.streams = append(l.streams, info)
		l.online += len(ready(info.Cluster))
	}
	return l, nil
}

// ready are the servers that could lead, in a stable order.
func ready(c *jetstream.ClusterInfo) []string {
	if c == nil || c.Leader == "" {
		return nil
	}
	names := []string{c.Leader}
	for _, peer := range c.Replicas {
		if peer.Current && !peer.Offline {
			names = append(names, peer.Name)
		}
	}
	slices.Sort(names)
	return names
}

// spread gives the streams to the servers in turn. While a server is away the others may
// lead more than their share.
func (b *Bus) spread(ctx context.Context, l layout) {
	for i, info := range l.streams {
		servers := ready(info.Cluster)
		if len(servers) == 0 {
			continue
		}
		leader := info.Cluster.Leader
		if want := servers[i%len(servers)]; want != leader {
			if b.stepDown(ctx, "STREAM.LEADER.STEPDOWN."+info.Config.Name, want) == nil {
				leader = want
			}
		}
		b.follow(ctx, info.Config.Name, leader)
	}
}

// follow brings the leaders of a stream's consumers to the server of its leader.
func (b *Bus) follow(ctx context.Context, stream, leader string) {
	s, err := b.js.Stream(ctx, stream)
	if err != nil {
		return
	}
	for info := range s.ListConsumers(ctx).Info() {
		if info.Cluster != nil && info.Cluster.Leader != leader {
			b.stepDown(ctx, "CONSUMER.LEADER.STEPDOWN."+stream+"."+info.Name, leader)
		}
	}
}

// stepDown asks a leader to make room for another server. An account may lack the right
// to do so; everything else works without.
func (b *Bus) stepDown(ctx context.Context, subject, preferred string) error {
	ctx, cancel := context.WithTimeout(ctx, balanceLimit)
	defer cancel()
	var request struct {
		Placement struct {
			Preferred string `json:"preferred"`
		} `json:"placement"`
	}
	request.Placement.Preferred = preferred
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	msg, err := b.nc.RequestWithContext(ctx, "$JS.API."+subject, data)
	if err == nil {
		var answer struct {
			Error *jetstream.APIError `json:"error"`
		}
		if err = json.Unmarshal(msg.Data, &answer); err == nil && answer.Error != nil {
			err = fmt.Errorf("%s: %w", subject, answer.Error)
		}
	}
	if err != nil {
		b.opts.Logger.Warn("leaders of the queue are not balanced", "err", err)
	}
	return err
}
