// Package control gives meaning to the control records of a ledger: the
// policy, who may report, with which keys, and which prefixes are exempt.
//
// Every record is one small JSON document under a key of its own, written by
// compare-and-set, so that two nodes never overwrite each other. [Book] is a
// node's copy in memory: the ledger feeds it, fronts ask it. [Registrar]
// writes: it reads the book, puts the record, and when another node was
// faster reads again.
//
// Keys of records:
//
//	policy            the scoring.Policy
//	reporter/NAME     a Reporter
//	reporters/next    the next free reporter number
//	key/ID            an API key, without its secret
//	password/NAME     the Password of a reporter, as argon2id keeps it
//	exempt/PREFIX     a scoring.Exemption
//	protect/NAME      a ProtectedSet
//	source/OF/NAME    Sources of a reporter, a server or a key
//	void/ID           a scoring.Void
//	removal/PREFIX    a Removal: the newest request to take a prefix off
//	webhook/NAME      a Webhook
//	webhook-state/NAME  which node sends for it, and how far it got
//	erase/ID          an Erasure that is not done yet
//	private/KEY       what belongs to the record KEY and only few may see, such
//	                  as the message of who asks for removal; never audited
//
// Records under other keys belong to newer versions and are left alone.
package control
