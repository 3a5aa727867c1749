package control

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
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
}

// Live tells whether the key may be used at a moment.
func (k Key) Live(now time.Time) bool {
	return k.Revoked.IsZero() && (k.Expires.IsZero() || k.Expires.After(now))
}

// tokenPrefix lets scanners for leaked secrets recognise our keys.
const tokenPrefix = "pbx"

// keyText is lower-case base32 (RFC 4648 §6) without padding: no character
// that a shell, a URL or a form would mangle.
var keyText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

var tokenShape = regexp.MustCompile(`^pbx_([a-z2-7]{8})_([a-z2-7]{52})_([a-z2-7]{7})$`)

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
	parts := tokenShape.FindStringSubmatch(strings.TrimSpace(token))
	if parts == nil || check(tokenPrefix+"_"+parts[1]+"_"+parts[2]) != parts[3] {
		return "", hash, ErrMalformedKey
	}
	return parts[1], sha256.Sum256([]byte(parts[2])), nil
}

// newKey makes a key record and the token that goes with it.
func newKey(id, reporter string, role Role, label string, now, expires time.Time) (Key, string, error) {
	if len(label) > 100 {
		return Key{}, "", fmt.Errorf("label: %d bytes; at most 100", len(label))
	}
	if !expires.IsZero() && !expires.After(now) {
		return Key{}, "", fmt.Errorf("expiry %s: lies in the past", expires.Format(time.RFC3339))
	}
	token, id := NewToken(id)
	key, err := keyFor(token)
	if err != nil {
		return Key{}, "", err
	}
	key.ID, key.Reporter, key.Role, key.Label = id, reporter, role, label
	key.Created, key.Expires = now.UTC().Truncate(time.Second), expires.UTC().Truncate(time.Second)
	return key, token, nil
}

func keyFor(token string) (Key, error) {
	_, hash, err := splitToken(token)
	return Key{Hash: hash[:]}, err
}
