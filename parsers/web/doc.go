// Package web recognises probes and robots in the access logs of web servers:
// requests for what nobody comes to by a link, answered with "there is nothing
// here" (4xx).
//
// The lists: paths.go has WordPress' scripts, which mean something only where
// there is no WordPress; exploits.go and appliances.go known holes, shells.go web
// shells, admins.go admin pages; secrets.go passwords, keys and sources; forums.go
// the forms of forums, wikis and comments; payload.go what makes a hole work,
// wherever it stands and whatever the answer. answer.go says what a status
// proves, sites.go what software a site has.
//
// Only the path of the request counts, never its query, its referer or the
// name of the browser, which a stranger's page can make an honest visitor
// send; payloads and forms are the exceptions. See parsers/accesslog for why
// the client's address cannot be forged, and README.md for the accidents that
// are kept in mind.
package web
