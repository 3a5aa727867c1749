// Package dnsbl answers blocklist queries over DNS, as RFC 5782 describes.
//
// The idea. A client that wants to know about 203.0.113.7 asks for the A
// records of 7.113.0.203.bl.example (an IPv6 address: 32 nibble labels). If the
// address is listed, the answer is 127.0.0.2, and 127.0.0.N for each category
// that speaks against it; the TXT record says until when and why. If it is not
// listed, the name does not exist. Everything is answered from memory: the
// [Board] knows each verdict and when it next changes, so an answer's TTL never
// outlives its truth.
//
// What a resolver may learn about a name that is not a listing matters as much:
//
//   - Every partial name, such as 113.0.203.bl.example, exists without data. Were
//     it denied, a resolver that minimises query names (RFC 9156) would take all
//     below it for denied too (RFC 8020) and lose every listing.
//   - 1.0.0.2.bl.example is the address 2.0.0.1 and at the same time part of the
//     name of every address in 2001::/16. Unlisted, it exists without data.
//   - A listed name exists for every type; only A and TXT have data.
//   - Each denial carries the zone's SOA with one constant TTL (RFC 2308).
//
// What depends on the listings is refused with SERVFAIL while they are not
// loaded or are too old ([State]), never denied. What does not depend on them
// (apex, name servers, partial names, test entries, private ranges) is always
// answered: clients that watch the test entries must not switch a list off
// because one of its servers is just starting.
//
// A zone may be for some clients alone: by prefix, or by a key that stands as a
// label in the name asked ([AccessKey]). The others are refused in so many words.
//
// It defends itself and others. Cookies tell clients that have their address
// from those that forge one ([CookieSecrets]). A rate for each network of clients
// sends what is beyond it to TCP, never away. One client can have so many
// connections, and not for longer than it uses them.
//
// Most queries are plain, and there are many. Over UDP they are read and answered
// in batches from the octets themselves, without allocating; whatever is not
// plain goes through the handler, and tests hold the two to the same octets.
//
// Other servers can serve a zone too: they copy it by zone transfer, in one
// moment's state, told by NOTIFY; or from a file, for which [Server.Publish]
// tells the same. [Server.Explain] tells people what a name is answered, and by
// which rule.
//
// Who signs with a key that may report ([UpdateKey]) reports by dynamic update
// (RFC 2136): a TXT record added at an address's name is a report of it, the name
// deleted takes back what that reporter said. Everything passes through intake,
// as reports over HTTP do; the zone's records themselves are never what a client
// sent.
//
// [New] checks a [Config] and returns a [Server]; Start binds UDP and TCP and
// serves, Addrs tells where, Reload changes the zones, SetTSIGKeys,
// SetUpdateKeys and SetCookieSecrets the keys, Stop ends. [QueryName] gives the name to ask for an
// address.
package dnsbl
