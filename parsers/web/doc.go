// Package web recognises probes in the access logs of web servers: requests
// for WordPress' scripts on a host that has no WordPress. So far; other kinds
// join the list in paths.go.
//
// Only the path of the request counts, never its query, its referer or the
// name of the browser, which a stranger's page can make an honest visitor
// send; and only when the server answered that there is nothing (4xx). See
// parsers/accesslog for why the client's address cannot be forged, and
// README.md for the accidents that are kept in mind.
package web
