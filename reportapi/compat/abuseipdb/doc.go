// Package abuseipdb speaks version 2 of AbuseIPDB's API, so that its clients
// report to Penaltybox and read from it: fail2ban's abuseipdb action, honeypots,
// scripts with curl.
//
// Parameters are taken wherever real clients put them (see [compat.Params]), the
// key from the header Key or the parameter key of the URL. A report's categories
// become one kind, that of the most points ([Category]). The score, 0 to 100, is
// [compat.House.Confidence]: 100 is what the zone lists, so that the blacklist
// of the minimum 100, which is the default, is the list.
//
// fail2ban's action never shows its user what an answer said, only that curl did
// not succeed. Therefore what is nobody's fault succeeds: a duplicate, an exempt
// or private address, an event that is long over. Strict says those in the
// statuses that AbuseIPDB has for them. What is refused is logged, with its
// reporter.
//
// What Penaltybox does not know (countries, providers, domains) is null, or
// false, or empty. There are no daily limits; the headers that tell limits tell
// numbers that nobody reaches.
package abuseipdb
