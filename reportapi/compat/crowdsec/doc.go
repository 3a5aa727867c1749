// Package crowdsec speaks the local API (LAPI) of CrowdSec, so that its bouncers
// read from Penaltybox and its agents and cscli report to it. What is listed is
// told as decisions, one for each prefix; alerts become reports, a manual
// decision becomes one that lists by itself.
//
// Bouncers poll. The list is held once, by the scoreboard: a full answer is
// written straight from its index, a later one from its change log, and of each
// client a [cursor] is kept, a few numbers. The durations that are told run
// until a listing would end if nothing more were reported, so most clients
// delist by themselves.
//
// Clients differ in what they do with an answer. Some apply what is deleted
// first and what is new then, some the other way round: an answer therefore
// never holds one value in both. Some (nftables) take no new duration for what
// they hold: an extension is told at once, for the others, and again just after
// the end that was told before, which the change log remembers to tell.
//
// An agent's alert says what happened in the name of its scenario; a table turns
// that into a kind. Names of users and paths, which alerts hold too, are not
// taken.
package crowdsec
