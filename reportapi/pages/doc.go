// Package pages holds the pages for people: /lookup, where anybody asks whether
// an address is listed and until when, and /report, where whoever has a key or
// a password reports addresses by hand.
//
// The pages are plain forms: they work without scripts and load nothing from
// elsewhere. Who signs in leaves the key in a cookie that no script can read
// and that other sites' requests do not carry; who signs in by password, the
// key of a session that is made for the visit. It is checked anew with each
// request, so that a revoked key, a disabled reporter or another password ends
// the visit on every node. What is reported
// is shown beforehand, counts once however often the button is pressed, and can
// be undone.
package pages
