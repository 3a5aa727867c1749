package dnsbl

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"
)

// tsigFudge is how far the clocks of the two ends may differ, in seconds (RFC
// 8945 §10 recommends 300).
const tsigFudge = 300

// minTSIGSecret is the shortest secret that is taken, in octets: the RFC wants
// as many as the hash gives, and what is shorter was mistyped.
const minTSIGSecret = 16

// TSIGKey signs what name servers say to one another (RFC 8945).
type TSIGKey struct {
	// Name is a domain name that both ends know the key by.
	Name string
	// Algorithm is hmac-sha256, -sha384 or -sha512.
	Algorithm string
	// Secret is the shared secret, 16 octets or more.
	Secret []byte
}

// tsigHash returns the hash of an algorithm; nil: it is not taken. RFC 8945 §6
// wants hmac-sha1 too, for the sake of old clients; there are none here.
func tsigHash(algorithm string) func() hash.Hash {
	switch canonical(algorithm) {
	case dns.HmacSHA256:
		return sha256.New
	case dns.HmacSHA384:
		return sha512.New384
	case dns.HmacSHA512:
		return sha512.New
	}
	return nil
}

// ParseTSIGKeys reads keys, one "name algorithm secret" a line, the secret in
// base64. Blank lines and those that begin with "#" are skipped. The error names
// every faulty line and no secret.
func ParseTSIGKeys(text string) ([]TSIGKey, error) {
	var keys []TSIGKey
	var faults []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		key, err := parseTSIGKey(fields)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", number, err))
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		faults = append(faults, errors.New("no key"))
	}
	if _, err := newKeychain(keys); err != nil && len(faults) == 0 {
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("transfer keys: %w", err)
	}
	return keys, nil
}

func parseTSIGKey(fields []string) (TSIGKey, error) {
	if len(fields) != 3 {
		return TSIGKey{}, errors.New(`want "name algorithm secret", such as "ns2.example.org hmac-sha256 " and what openssl rand -base64 32 prints`)
	}
	secret, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return TSIGKey{}, fmt.Errorf("secret of %s: want base64, such as openssl rand -base64 32 prints", fields[0])
	}
	key := TSIGKey{Name: fields[0], Algorithm: fields[1], Secret: secret}
	return key, key.validate()
}

// validate tells what is wrong with a key, without telling its secret.
func (k TSIGKey) validate() error {
	if err := checkHostName(canonical(k.Name), maxNameOctets); err != nil {
		return fmt.Errorf("key %q: %w", k.Name, err)
	}
	if tsigHash(k.Algorithm) == nil {
		return fmt.Errorf("key %s: algorithm %q: want hmac-sha256, hmac-sha384 or hmac-sha512", k.Name, k.Algorithm)
	}
	if len(k.Secret) < minTSIGSecret {
		return fmt.Errorf("key %s: secret has %d octets; want %d or more", k.Name, len(k.Secret), minTSIGSecret)
	}
	return nil
}

// sign returns the message authentication code of a message.
func (k TSIGKey) sign(message []byte) []byte {
	mac := hmac.New(tsigHash(k.Algorithm), k.Secret)
	mac.Write(message)
	return mac.Sum(nil)
}

// keychain holds the keys by their canonical name.
type keychain map[string]TSIGKey

func newKeychain(keys []TSIGKey) (keychain, error) {
	chain := make(keychain, len(keys))
	var faults []error
	for _, key := range keys {
		name := canonical(key.Name)
		faults = append(faults, key.validate())
		if _, twice := chain[name]; twice {
			faults = append(faults, fmt.Errorf("key %s: given twice", key.Name))
		}
		chain[name] = key
	}
	return chain, errors.Join(faults...)
}

// tsigProvider makes and checks signatures for the DNS library.
type tsigProvider struct{ keys atomic.Pointer[keychain] }

var _ dns.TsigProvider = (*tsigProvider)(nil)

// Generate implements dns.TsigProvider.
func (p *tsigProvider) Generate(message []byte, t *dns.TSIG) ([]byte, error) {
	key, err := p.find(t)
	if err != nil {
		return nil, err
	}
	return key.sign(message), nil
}

// Verify implements dns.TsigProvider.
func (p *tsigProvider) Verify(message []byte, t *dns.TSIG) error {
	key, err := p.find(t)
	if err != nil {
		return err
	}
	// A MAC that is cut short is none (RFC 8945 §5.2.2.1 leaves that to us).
	mac, err := hex.DecodeString(t.MAC)
	if err != nil || !hmac.Equal(mac, key.sign(message)) {
		return dns.ErrSig
	}
	return nil
}

func (p *tsigProvider) find(t *dns.TSIG) (TSIGKey, error) {
	keys := p.keys.Load()
	if keys == nil {
		return TSIGKey{}, dns.ErrSecret
	}
	key, known := (*keys)[dns.CanonicalName(t.Hdr.Name)]
	if !known || canonical(key.Algorithm) != dns.CanonicalName(t.Algorithm) {
		return TSIGKey{}, dns.ErrSecret
	}
	return key, nil
}

// SetTSIGKeys makes these the keys that clients may sign with from now on. On
// an error the old ones stay.
func (s *Server) SetTSIGKeys(keys []TSIGKey) error {
	if err := s.setTSIGKeys(keys); err != nil {
		return fmt.Errorf("changing TSIG keys: %w", err)
	}
	return nil
}

func (s *Server) setTSIGKeys(keys []TSIGKey) error {
	chain, err := newKeychain(keys)
	if err == nil {
		s.tsig.keys.Store(&chain)
	}
	return err
}
