// Package blocklistde speaks blocklist.de's httpreports, which fail2ban's
// blocklist_de action sends.
//
// A report names a service, which is fail2ban's jail unless its user says
// otherwise; [Kind] tells which kind that means. server, which is an address or
// an id there, is not needed and not kept.
//
// Answers come as text, JSON, PHP's serialized form or XML. fail2ban looks at the
// status alone, so what is nobody's fault succeeds, as in package abuseipdb.
package blocklistde
