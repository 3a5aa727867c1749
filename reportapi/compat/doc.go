// Package compat is the ground on which adapters of foreign formats stand.
//
// A tool that reports to another service, or reads from one, works with
// Penaltybox when its address and key are changed and nothing else. Each such
// service has a folder below this one: an adapter that reads the service's
// requests as its clients really send them, turns what they report into
// [scoring/intake.Report], and answers with the statuses, shapes and headers that
// those clients understand. An adapter decides nothing: points, rights,
// exemptions and duplicates are intake's.
//
// Adapters see the server through a [House] alone; the server mounts each of
// them under /compat/.
package compat
