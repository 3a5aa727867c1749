package control

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"penaltybox/scoring"
	"penaltybox/scoring/protect"
)

// pages is what the records say.
type pages struct {
	versions   map[string]uint64
	values     map[string][]byte // of the records as they were read, for the audit
	policy     *scoring.Policy
	reporters  map[string]Reporter
	numbers    map[scoring.ReporterNumber]string
	keys       map[string]Key
	exemptions map[netip.Prefix]scoring.Exemption
	protected  map[string]ProtectedSet
	sources    map[string]Sources
	voids      map[string]scoring.Void
	erasures   map[string]Erasure
	next       scoring.ReporterNumber
	passwords  map[string]Password
	removalPages
	webhookPages
}

func blank() pages {
	policy := scoring.DefaultPolicy()
	return pages{
		versions:   map[string]uint64{},
		values:     map[string][]byte{},
		policy:     &policy,
		reporters:  map[string]Reporter{},
		numbers:    map[scoring.ReporterNumber]string{},
		keys:       map[string]Key{},
		exemptions: map[netip.Prefix]scoring.Exemption{},
		protected:  map[string]ProtectedSet{},
		sources:    map[string]Sources{},
		voids:      map[string]scoring.Void{},
		erasures:   map[string]Erasure{},
		next:       adminNumber + 1,
		passwords:  map[string]Password{},

		removalPages: blankRemovals(),
		webhookPages: blankWebhooks(),
	}
}

// keepOld puts back what was known of a record that cannot be read, so that a
// broken policy does not silently become the default one.
func (p *pages) keepOld(old pages, key string) {
	if version, ok := old.versions[key]; ok {
		p.versions[key], p.values[key] = version, old.values[key]
	}
	switch sort, name := splitRecord(key); sort {
	case policyRecord:
		p.policy = old.policy
	case nextRecord:
		p.next = old.next
	case reporterRecords:
		if r, ok := old.reporters[name]; ok {
			p.reporters[name], p.numbers[r.Number] = r, name
		}
	case keyRecords:
		if k, ok := old.keys[name]; ok {
			p.keys[name] = k
		}
	case passwordRecords:
		keep(p.passwords, old.passwords, name)
	case removalRecords:
		p.keepOldRemoval(old.removalPages, sort, name)
	case webhookRecords, webhookStateRecords:
		p.keepOldWebhook(old.webhookPages, sort, name)
	case privateRecords:
		p.keepOldPrivate(old, name)
	case exemptRecords:
		if prefix, err := netip.ParsePrefix(name); err == nil {
			if e, ok := old.exemptions[prefix]; ok {
				p.exemptions[prefix] = e
			}
		}
	case protectRecords:
		if s, ok := old.protected[name]; ok {
			p.protected[name] = s
		}
	case sourceRecords:
		if s, ok := old.sources[name]; ok {
			p.sources[name] = s
		}
	case voidRecords:
		if v, ok := old.voids[name]; ok {
			p.voids[name] = v
		}
	case erasureRecords:
		keep(p.erasures, old.erasures, name)
	}
}

// keepValue keeps what a record says, or how long it is, if the audit would tell
// no more than that.
func (p *pages) keepValue(record scoring.ControlRecord) {
	record.Value = withoutPrefixes(record.Key, record.Value)
	if p.values[record.Key] = record.Value; len(record.Value) > maxAudited {
		p.values[record.Key] = sized(len(record.Value))
	}
}

const (
	policyRecord    = "policy"
	nextRecord      = "reporters/next"
	reporterRecords = "reporter/"
	keyRecords      = "key/"
	exemptRecords   = "exempt/"
	protectRecords  = "protect/"
	sourceRecords   = "source/"
	voidRecords     = "void/"
	passwordRecords = "password/"
)

// splitRecord splits the key of a record into its sort and its name.
func splitRecord(key string) (sort, name string) {
	if i := strings.IndexByte(key, '/'); i >= 0 && key != nextRecord {
		return key[:i+1], key[i+1:]
	}
	return key, ""
}

func (p *pages) take(record scoring.ControlRecord) error {
	switch sort, name := splitRecord(record.Key); sort {
	case policyRecord:
		return p.takePolicy(record.Value)
	case nextRecord:
		return decode(record.Value, &p.next)
	case reporterRecords:
		return p.takeReporter(name, record.Value)
	case keyRecords:
		return takeInto(p.keys, name, record.Value, func(k Key) string { return k.ID })
	case exemptRecords:
		prefix, err := netip.ParsePrefix(name)
		if err != nil {
			return err
		}
		return takeInto(p.exemptions, prefix, record.Value, func(e scoring.Exemption) netip.Prefix { return e.Prefix })
	case protectRecords:
		return p.takeProtected(name, record.Value)
	case sourceRecords:
		return takeInto(p.sources, name, record.Value, func(s Sources) string { return s.Of })
	case voidRecords:
		return takeInto(p.voids, name, record.Value, func(v scoring.Void) string { return v.ID })
	case erasureRecords:
		return takeInto(p.erasures, name, record.Value, func(e Erasure) string { return e.ID })
	case passwordRecords:
		return takeInto(p.passwords, name, record.Value, func(w Password) string { return w.Reporter })
	case removalRecords:
		return p.takeRemoval(sort, name, record.Value)
	case webhookRecords, webhookStateRecords:
		return p.takeWebhook(sort, name, record.Value)
	case privateRecords:
		return p.takePrivate(name, record.Value)
	}
	return nil // a newer version's
}

// takePolicy reads a policy; what the record leaves out is the default's. It
// is read into a policy that has nothing but the default guards, because json.Unmarshal writes into the elements
// that a slice already has: a cap of 0, which JSON omits, would stay what the
// default policy's kind at that place has.
func (p *pages) takePolicy(value []byte) error {
	policy := scoring.Policy{Guards: scoring.DefaultGuards()}
	if err := decode(value, &policy); err != nil {
		return err
	}
	byDefault := scoring.DefaultPolicy()
	policy.Threshold = cmp.Or(policy.Threshold, byDefault.Threshold)
	policy.TTL = cmp.Or(policy.TTL, byDefault.TTL)
	policy.NoteTTL = cmp.Or(policy.NoteTTL, byDefault.NoteTTL)
	policy.ScrubNotes = cmp.Or(policy.ScrubNotes, byDefault.ScrubNotes)
	policy.Removal = cmp.Or(policy.Removal, byDefault.Removal)
	policy.RemovalCooldown = cmp.Or(policy.RemovalCooldown, byDefault.RemovalCooldown)
	if policy.Categories == nil {
		policy.Categories = byDefault.Categories
	}
	if policy.Kinds == nil {
		policy.Kinds = byDefault.Kinds
	}
	if err := policy.Validate(); err != nil {
		return err
	}
	p.policy = &policy
	return nil
}

func (p *pages) takeReporter(name string, value []byte) error {
	if value == nil {
		delete(p.numbers, p.reporters[name].Number)
		delete(p.reporters, name)
		return nil
	}
	if err := takeInto(p.reporters, name, value, func(r Reporter) string { return r.Name }); err != nil {
		return err
	}
	p.numbers[p.reporters[name].Number] = name
	return nil
}

// takeProtected takes a set only if its prefixes can be read.
func (p *pages) takeProtected(name string, value []byte) error {
	read := map[string]ProtectedSet{}
	if err := takeInto(read, name, value, func(s ProtectedSet) string { return s.Name }); err != nil {
		return err
	}
	set, ok := read[name]
	if !ok {
		delete(p.protected, name)
		return nil
	}
	if set.Packed != nil {
		if _, err := protect.Unpack(set.Packed); err != nil {
			return err
		}
	}
	p.protected[name] = set
	return nil
}

// takeInto reads a record into a map, or deletes it there. A record that says
// another name than the one it is kept under is not taken.
func takeInto[K comparable, V any](m map[K]V, key K, value []byte, name func(V) K) error {
	if value == nil {
		delete(m, key)
		return nil
	}
	var v V
	if err := decode(value, &v); err != nil {
		return err
	}
	if name(v) != key {
		return fmt.Errorf("it speaks of %q", fmt.Sprint(name(v)))
	}
	m[key] = v
	return nil
}

func decode(value []byte, into any) error {
	if value == nil {
		return nil
	}
	return json.Unmarshal(value, into)
}
