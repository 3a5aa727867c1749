package dnsbl

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// AccessKey lets those who know it ask a zone: it stands as a label beside the
// zone's name (7.113.0.203.KEY.bl.example) or in front of the whole
// (KEY.7.113.0.203.bl.example, as MediaWiki asks). It crosses resolvers in the
// clear, so it tells customers apart rather than keeping a secret.
type AccessKey struct {
	// Name says whose key it is, for counting queries.
	Name string
	// Key is the label: 8 to 63 letters, digits and hyphens, in any case.
	Key string
}

const minKeyOctets = 8

var (
	keyLabel = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])$`)
	keyName  = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,63}$`)
)

// ParseAccessKeys reads keys, one "name key" a line. Blank lines and those that
// begin with "#" are skipped. The error names every faulty line.
func ParseAccessKeys(text string) ([]AccessKey, error) {
	var keys []AccessKey
	var faults []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			faults = append(faults, fmt.Errorf("line %d: want \"name key\"", number))
			continue
		}
		key := AccessKey{Name: fields[0], Key: fields[1]}
		if err := key.validate(); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 && len(faults) == 0 {
		faults = append(faults, errors.New("no key; nobody could ask the zone"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("access keys: %w", err)
	}
	return keys, nil
}

// validate tells what is wrong with a key, without telling the key.
func (k AccessKey) validate() error {
	if !keyName.MatchString(k.Name) {
		return fmt.Errorf("name %q: want 1 to 63 letters, digits, dots, hyphens, underscores or @", k.Name)
	}
	if len(k.Key) < minKeyOctets || len(k.Key) > maxLabelOctets || !keyLabel.MatchString(strings.ToLower(k.Key)) {
		return fmt.Errorf("key of %s: want %d to %d letters, digits and hyphens", k.Name, minKeyOctets, maxLabelOctets)
	}
	return nil
}

// checkKeys tells what is wrong with the keys of a zone taken together.
func (z Zone) checkKeys() error {
	var faults []error
	names, labels := map[string]bool{}, map[string]bool{}
	for _, key := range z.Keys {
		label := strings.ToLower(key.Key)
		faults = append(faults, key.validate())
		if names[key.Name] {
			faults = append(faults, fmt.Errorf("key of %s: a key of this name is given twice", key.Name))
		}
		if labels[label] {
			faults = append(faults, fmt.Errorf("key of %s: is somebody else's too", key.Name))
		}
		names[key.Name], labels[label] = true, true
	}
	for _, server := range z.Nameservers {
		front, within := strings.CutSuffix(server.Name, "."+z.Origin)
		if last := front[strings.LastIndexByte(front, '.')+1:]; within && labels[last] {
			faults = append(faults, fmt.Errorf("name server %q: its name holds a key", server.Name))
		}
	}
	return errors.Join(faults...)
}

// keyRing finds keys by their label. It is nil for a zone that all may ask.
type keyRing map[string]string // lower-case label: name

func newKeyRing(keys []AccessKey) keyRing {
	if len(keys) == 0 {
		return nil
	}
	ring := make(keyRing, len(keys))
	for _, key := range keys {
		ring[strings.ToLower(key.Key)] = key.Name
	}
	return ring
}

// access is what the key in a name lets its client ask.
type access struct {
	subject subject
	key     string // name of the key; empty: none
	refused bool
	why     Reason // of a refusal
}

// unlock reads the lower-case wire labels in front of the origin of a zone with
// keys. Beside the origin a key opens a zone of its own, with everything that
// holds in a zone. In front of a name it opens that address alone. Without a
// key only what leads to names with one is told: the names that are part of
// addresses' names, because a resolver that minimises query names asks for them
// first (RFC 9156).
func (r keyRing) unlock(front []byte) access {
	bare := parseSubject(front)
	if bare.place == placeApex || bare.place == placeInterior || bare.interior {
		bare.place = min(bare.place, placeInterior)
		return access{subject: bare}
	}
	last := 0
	for at := 0; at < len(front); at += 1 + int(front[at]) {
		last = at
	}
	if name, known := r[string(front[last+1:])]; known {
		inside := parseSubject(front[:last])
		if inside.place == placeApex {
			inside.place = placeInterior // no SOA: it is no zone to the outside
		}
		return access{subject: inside, key: name}
	}
	first := 1 + int(front[0])
	if name, known := r[string(front[1:first])]; known {
		inside := parseSubject(front[first:])
		if inside.place != placeAddress {
			return access{subject: subject{place: placeNowhere}, key: name}
		}
		inside.interior = false // nothing lies above the key
		return access{subject: inside, key: name}
	}
	if bare.place == placeAddress {
		return access{refused: true, why: ReasonKeyMissing}
	}
	return access{refused: true, why: ReasonKeyUnknown}
}
