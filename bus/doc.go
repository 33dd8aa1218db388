// Package bus keeps work that is not finished: deliveries of webhooks, polls that are due,
// the turns of sequential webhooks; and beside it leases and live events. All of it lives in
// NATS JetStream, in a server inside the process by default and in a cluster of three when
// servers are named. It promises no stable API.
//
// # Rules
//
//   - Publishing returns nil only when JetStream has stored the message durably, which is
//     what the 200 of a webhook means. Anything else is a [Refusal] with the time after
//     which the caller may try again.
//   - Delivery is at least once. A handler records its outcome in SQL first and then returns
//     [Ack]; when the process dies in between, the message comes again and the row tells.
//   - Order is promised for sequential webhooks only, and no overlap of accepted outcomes
//     only together with the fence of the row: a worker that was frozen may wake up late.
//   - A lease reduces double work. It is never the reason why something is correct.
//
// # Streams
//
//	HOOKS_0..2  hook.<p>.<class>.<tenant>.<hook>  work queue      acknowledged deliveries
//	SEQ_0..2    seq.<p>.<hook>                    until deleted   inbox of sequential webhooks
//	TURNS       turn.<hook>                       one a subject   the right to work on an inbox
//	POLLS       poll.<trigger>                    one a subject   polls that are due or running
//	DEAD        dead.<tenant>.<hook>              30 days         raw copies for replay
//	EVENTS      event.<tenant>.<run>              memory, 10 min  live view, may be lost
//	LEASE       key <kind>.<id>                   per-key TTL     leases
//	BODIES      object <delivery id>              until done      bodies above 512 kB
//
// With a prefix every name begins with it, so that clusters can be shared.
//
// # Files
//
// The embedded server keeps its store below Options.Dir and synchronises every write before
// it acknowledges. Only one process may open a folder.
package bus
