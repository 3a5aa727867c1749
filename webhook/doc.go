// Package webhook tells other programs what comes onto the lists and goes from
// them, whose key was paused and who asks to be taken off, by HTTP requests
// that are signed as Standard Webhooks says
// (https://www.standardwebhooks.com).
//
// A [Sender] has one courier for each webhook in the ledger. Of all nodes one
// at a time holds the claim of a webhook, which is a control record written by
// compare-and-set; when it dies, another takes over where the record says that
// it was. Nothing is queued: a courier reads the scoreboard's change log from
// where the receiver last said yes, so that what waits is bounded, and so is
// what a slow receiver costs. An event is told at least once; its id tells
// those who see it twice.
package webhook
