package dnsbl

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// DefaultUpdateRate is how many dynamic updates a second one key may send. A
// fail2ban sends one for each address that it bans.
const DefaultUpdateRate = 50

// UpdateKey lets whoever signs with a TSIG key report by dynamic update.
type UpdateKey struct {
	// Name is the TSIG key's.
	Name string
	// Reporter is whose reports they are.
	Reporter string
	// Kind is that of a report whose text names none.
	Kind string
	// Keep lets what was reported stay when the client deletes it, until it
	// expires.
	Keep bool
	// Rate is how many updates a second are taken, and as many at once; 0:
	// [DefaultUpdateRate].
	Rate int
}

func (k UpdateKey) validate() error {
	var faults []error
	if err := checkHostName(canonical(k.Name), maxNameOctets); err != nil {
		faults = append(faults, err)
	}
	if k.Reporter == "" {
		faults = append(faults, errors.New("reporter: missing"))
	}
	if k.Kind == "" {
		faults = append(faults, errors.New("kind: missing; give that of reports whose text names none, such as ssh.bruteforce"))
	}
	if k.Rate < 0 {
		faults = append(faults, fmt.Errorf("rate %d: negative", k.Rate))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("update key %q: %w", k.Name, err)
	}
	return nil
}

// updateKeys are the keys to report with, by canonical name.
type updateKeys map[string]*servedUpdateKey

// servedUpdateKey is a key and what it has used.
type servedUpdateKey struct {
	UpdateKey

	mu   sync.Mutex
	left float64 // updates that may come at once
	at   time.Time
	seen map[string]time.Time // signatures of deletions, and until when they can come again
}

func newUpdateKeys(keys []UpdateKey) (updateKeys, error) {
	served := make(updateKeys, len(keys))
	var faults []error
	for _, key := range keys {
		faults = append(faults, key.validate())
		if key.Rate == 0 {
			key.Rate = DefaultUpdateRate
		}
		name := canonical(key.Name)
		if served[name] != nil {
			faults = append(faults, fmt.Errorf("update key %q: given twice", key.Name))
		}
		served[name] = &servedUpdateKey{UpdateKey: key, left: float64(key.Rate), seen: map[string]time.Time{}}
	}
	return served, errors.Join(faults...)
}

// SetUpdateKeys makes these the keys to report with from now on. On an error
// the old ones stay.
func (s *Server) SetUpdateKeys(keys []UpdateKey) error {
	if err := s.setUpdateKeys(keys); err != nil {
		return fmt.Errorf("changing update keys: %w", err)
	}
	return nil
}

func (s *Server) setUpdateKeys(keys []UpdateKey) error {
	served, err := newUpdateKeys(keys)
	if len(keys) > 0 && s.reports == nil {
		err = errors.Join(err, errors.New("update keys: there is nothing that takes reports"))
	}
	if err == nil {
		s.updateKeys.Store(&served)
	}
	return err
}

// updating tells whether anybody may report by dynamic update.
func (s *Server) updating() bool {
	keys := s.updateKeys.Load()
	return keys != nil && len(*keys) > 0
}

// spend takes one update of what the key may send, or reports false.
func (k *servedUpdateKey) spend(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	rate := float64(k.Rate)
	if passed := now.Sub(k.at); passed > 0 {
		k.left = min(k.left+passed.Seconds()*rate, rate)
		k.at = now
	}
	if k.left < 1 {
		return false
	}
	k.left--
	return true
}

// replayed tells whether a deletion with this signature was carried out
// before: sent again later, it would take back what was reported since.
func (k *servedUpdateKey) replayed(mac string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, seen := k.seen[mac]
	return seen
}

// remember keeps a deletion's signature as long as the signature is good. The
// rate bounds how many that are.
func (k *servedUpdateKey) remember(mac string, now, until time.Time) {
	const sweepAt = 1024
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.seen) >= sweepAt && len(k.seen)%sweepAt == 0 {
		for old, end := range k.seen {
			if end.Before(now) {
				delete(k.seen, old)
			}
		}
	}
	k.seen[mac] = until
}
