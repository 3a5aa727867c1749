package control

import "strings"

// privateRecords is what keys of records begin with that only few may see. The
// rest of the key is that of the record which they belong to. What keeps
// history of records leaves these out.
const privateRecords = "private/"

// takePrivate reads the private part of a record.
func (p *pages) takePrivate(of string, value []byte) error {
	switch sort, name := splitRecord(of); sort {
	case removalRecords:
		return p.takeRemoval(privateRecords, name, value)
	case webhookRecords:
		return p.takeWebhook(privateRecords, name, value)
	}
	return nil // a newer version's
}

// keepOldPrivate is keepOld for what takePrivate could not read.
func (p *pages) keepOldPrivate(old pages, of string) {
	switch sort, name := splitRecord(of); sort {
	case removalRecords:
		p.keepOldRemoval(old.removalPages, privateRecords, name)
	case webhookRecords:
		p.keepOldWebhook(old.webhookPages, privateRecords, name)
	}
}

// private returns the key of the private part of a record.
func private(key string) string { return privateRecords + key }

// isPrivate tells whether a record is for few.
func isPrivate(key string) bool { return strings.HasPrefix(key, privateRecords) }
