// Package poll asks a service what is new: polling triggers of an app. It promises no
// stable API.
//
// # A poll
//
// [Poller.Poll] takes a [Trigger] from its stored [State] to the next one:
//
//	lock the trigger -> state -> pages -> what is new -> emit, oldest first -> next state
//
// A trigger of type date goes by date and id of an item, one of type id by id alone
// (docs: app-components/modules/trigger). Pages are read until nothing new can follow,
// which depends on the order that the trigger says the service has. The limit of the
// trigger, 1 when it says none, cuts what comes out of one poll; the rest comes with the
// next one.
//
// # What is promised
//
//   - What comes out is in ascending order, within a poll and from poll to poll.
//   - The state moves when the bundles are out. An item comes twice only when the process
//     died in between, or when it got another date.
//   - Nothing that a poll can see is lost. What it cannot see: an item that appears with a
//     date, or an id, before that of the last one given; and of a service that lists the
//     newest first or in no order, the oldest of more new items than a poll can read
//     (3200, or 5000 without order, or 51 pages), about which the poll warns.
//   - Of two polls of one trigger the second waits for the first, and a state that somebody
//     else moved is never overwritten.
//
// # Where it begins
//
// [Start] says it: all, from now on, since a date, from an item. The items to choose from
// are those of the epoch, [Poller.Choices] (docs: component-blocks/epoch).
package poll
