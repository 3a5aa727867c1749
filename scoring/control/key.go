package control

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Key is an API key as the ledger keeps it: never the secret, only its
// SHA-256. The secret has 256 random bits, so a fast hash is enough.
type Key struct {
	ID       string    `json:"id"`
	Reporter string    `json:"reporter"`
	Role     Role      `json:"role"` // at most this, whatever the reporter's role
	Hash     []byte    `json:"hash"` // SHA-256 of the secret's text
	Label    string    `json:"label,omitempty"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"` // zero: never
	Revoked  time.Time `json:"revoked,omitzero"` // zero: not revoked
	// Scopes narrow what the role may; none: all of it.
	Scopes Scopes `json:"scopes,omitzero"`
	// Sources are the networks that the key is taken from; none: all.
	Sources []netip.Prefix `json:"sources,omitempty"`
	Paused  Pause          `json:"paused,omitzero"` // takes no reports meanwhile
	Quota   Quota          `json:"quota,omitzero"`
	// Session is the password that somebody signed in with, by its id: when that
	// is no more, neither is the key. Empty: an admin made the key.
	Session string `json:"session,omitempty"`
}

// Live tells whether the key may be used at a moment.
func (k Key) Live(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || k.Expires.After(now))
}

// takenFrom tells whether the key is taken from an address.
func (k Key) takenFrom(source netip.Addr) bool {
	return len(k.Sources) == 0 || slices.ContainsFunc(k.Sources, func(p netip.Prefix) bool { return p.Contains(source.Unmap()) })
}

// tokenPrefix lets scanners for leaked secrets recognise our keys.
const tokenPrefix = "pbx"

// keyText is lower-case base32 (RFC 4648 §6) without padding: no character
// that a shell, a URL or a form would mangle.
var keyText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewToken makes the text of a new key, pbx_ID_SECRET_CHECK. An empty id
// stands for a random one.
func NewToken(id string) (token, keyID string) {
	if id == "" {
		id = keyText.EncodeToString(random(5))
	}
	body := tokenPrefix + "_" + id + "_" + keyText.EncodeToString(random(32))
	return body + "_" + check(body), id
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// check returns the checksum that tells a mistyped key from a wrong one.
func check(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	return keyText.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

// ErrMalformedKey: the text is not a whole key.
var ErrMalformedKey = errors.New("this is not a whole key: it reads pbx_ID_SECRET_CHECK; was it cut or mistyped?")

// splitToken returns a token's id and the SHA-256 of its secret.
func splitToken(token string) (id string, hash [32]byte, err error) {
	token = strings.TrimSpace(token)
	prefix, rest, _ := strings.Cut(token, "_")
	id, rest, _ = strings.Cut(rest, "_")
	secret, sum, _ := strings.Cut(rest, "_")
	if prefix != tokenPrefix || !isKeyText(id, 8) || !isKeyText(secret, 52) || !isKeyText(sum, 7) || check(strings.TrimSuffix(token, "_"+sum)) != sum {
		return "", hash, ErrMalformedKey
	}
	return id, sha256.Sum256([]byte(secret)), nil
}

// isKeyText tells whether a text is so many digits of keyText. Every request
// asks, which is why no regular expression does.
func isKeyText(text string, length int) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return len(text) == length
}

// KeyOrder says what a new key is to be.
type KeyOrder struct {
	Reporter string
	Role     Role   // "": the reporter's
	Label    string // at most 100 bytes
	Expires  time.Time
	Scopes   Scopes
	Sources  []netip.Prefix // at most 64
	Quota    Quota
}

const (
	maxLabel   = 100 // bytes
	maxSources = 64
)

// ParseSources reads networks, or addresses that stand for themselves.
func ParseSources(texts ...string) ([]netip.Prefix, error) {
	var sources []netip.Prefix
	for _, text := range texts {
		source, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			source, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("source %q: want a network or address such as 203.0.113.0/24 or 2001:db8::7", text)
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// check tells what is wrong with an order that came from outside.
func (o KeyOrder) check(now time.Time) error {
	switch {
	case len(o.Label) > maxLabel:
		return fmt.Errorf("label: %d bytes; at most %d", len(o.Label), maxLabel)
	case !o.Expires.IsZero() && !o.Expires.After(now):
		return fmt.Errorf("expiry %s: lies in the past", o.Expires.Format(time.RFC3339))
	case len(o.Sources) > maxSources:
		return fmt.Errorf("sources: %d of them; at most %d", len(o.Sources), maxSources)
	}
	for _, source := range o.Sources {
		if !source.IsValid() || source != source.Masked() || source.Addr().Is4In6() {
			return fmt.Errorf("source %q: want a network such as 203.0.113.0/24 or 2001:db8::/48", source)
		}
	}
	if err := o.Quota.check(); err != nil {
		return err
	}
	return o.Scopes.fit(o.Role)
}

// newKey makes a key record and the token that goes with it.
func newKey(id string, o KeyOrder, now time.Time) (Key, string, error) {
	if err := o.check(now); err != nil {
		return Key{}, "", err
	}
	token, id := NewToken(id)
	key, err := keyFor(token)
	if err != nil {
		return Key{}, "", err
	}
	key.ID, key.Reporter, key.Role, key.Label = id, o.Reporter, o.Role, cleanLine(o.Label)
	key.Created, key.Expires = now.UTC().Truncate(time.Second), o.Expires.UTC().Truncate(time.Second)
	key.Scopes, key.Sources, key.Quota = o.Scopes, o.Sources, o.Quota
	return key, token, nil
}

func keyFor(token string) (Key, error) {
	_, hash, err := splitToken(token)
	return Key{Hash: hash[:]}, err
}
