// Package reportapi is the HTTP side of Penaltybox: reporters send incidents,
// programs look addresses up and fetch lists, operators manage reporters,
// keys, exemptions and the policy.
//
// The package translates and decides nothing. A request is read strictly
// (unknown fields, repeated fields and trailing data are refused by name) into
// what scoring/intake or scoring/control take as text; their answer goes out
// as JSON, or as a problem (RFC 9457) that names the field, the value and the
// remedy. Look-ups and lists are answered from the scoreboard alone; the
// ledger is asked for notes only, and a look-up outlives its outage.
//
// [New] returns the handler; [NewHTTPServer] puts it behind the timeouts it
// counts on. openapi.yaml describes every route and is served with them.
package reportapi
