// Package accesslog reads the lines that web servers write about requests: the
// common and the combined log format of Apache, which is nginx's default too,
// with or without a virtual host in front.
//
//	[VHOST ]CLIENT - USER [TIME] "METHOD TARGET PROTOCOL" STATUS …
//
// USER and TARGET are the client's own words and may hold anything, a second
// address, brackets and blanks included. What cannot be forged:
//
//   - CLIENT is the first field, or the second behind a VHOST; the server
//     writes it before any word of the client's. It must be followed by the
//     "-" of the ident field, which servers write as a constant.
//   - The first double quote without a backslash opens the request: servers
//     escape quotes in USER (as \x22 or \"). TIME stands in the brackets right
//     in front of that quote; USER is whatever lies between, and is not looked
//     at.
//   - The request ends at the next such quote, and STATUS is the three digits
//     behind it.
//
// lighttpd has its virtual host behind the client, and no ident. Caddy's access
// log, Traefik's and some of nginx's are JSON, whose strings are escaped as a
// whole; see entry and dialect.
//
// Where a proxy of the operator's own stands in front, CLIENT is the proxy. Who
// it spoke for stands in X-Forwarded-For, which nginx's usual format has as the
// last quoted field, and some logs in place of CLIENT. It is looked at only if
// the proxies are given, and read from its end, which they wrote.
//
// Two addresses in front are refused: whether the second is the client behind
// a virtual host that is named by its address, or a forwarded-for header that
// the client made up, the line does not tell; the lines before it may, see
// [Layout]. A VHOST with a port (192.0.2.1:443) is no address. Logs written without escaping (nginx's
// escape=none) prove nothing and must not be read.
package accesslog
