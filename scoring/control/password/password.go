// Package password keeps passwords as nobody can read them: by argon2id (RFC
// 9106), as text in the PHC string format,
//
//	$argon2id$v=19$m=19456,t=2,p=1$SALT$TAG
//
// which names its parameters, so that stronger ones can come later.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The lengths of a password. The longest is there so that nobody has a server
// hash a megabyte.
const (
	MinLength = 10  // characters
	MaxLength = 256 // bytes
)

// Check tells what is wrong with a new password, without telling it.
func Check(password string) error {
	switch count := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return errors.New("password: is no UTF-8")
	case count < MinLength:
		return fmt.Errorf("password: %d characters; want at least %d, such as four words that do not belong together", count, MinLength)
	case len(password) > MaxLength:
		return fmt.Errorf("password: %d bytes; at most %d", len(password), MaxLength)
	}
	return nil
}

// parameters are the cost of one hash (RFC 9106 §3.1).
type parameters struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// ours is the least that OWASP's Password Storage Cheat Sheet allows of
// argon2id. RFC 9106 §4 asks for 2 GiB, or 64 MiB where memory is short; a node
// runs on small machines beside what it protects, and the passwords here are
// guessed at a few times a minute at most.
func ours() parameters { return parameters{memory: 19 << 10, passes: 2, threads: 1} }

const (
	saltLength = 16 // bytes, as RFC 9106 §3.1 recommends
	tagLength  = 32 // bytes
)

// Hasher hashes a few passwords at once, and makes others wait: each takes
// memory. It is safe for concurrent use.
type Hasher struct{ turns chan struct{} }

// NewHasher returns a hasher of so many passwords at once, at least 1.
func NewHasher(atOnce int) *Hasher { return &Hasher{make(chan struct{}, max(1, atOnce))} }

// Hash returns the text that is kept of a password. Its only error is that ctx
// ended before it was this one's turn.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	cost := ours()
	tag, err := h.tag(ctx, password, salt, cost, tagLength)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.memory, cost.passes, cost.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(tag)), nil
}

// Matches tells whether a hash is that of a password. An empty hash stands for
// somebody without one: the answer is no, after the same work.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	kept := kept{ours(), make([]byte, saltLength), make([]byte, tagLength)}
	if hash != "" {
		var err error
		if kept, err = parse(hash); err != nil {
			return false, err
		}
	}
	tag, err := h.tag(ctx, password, kept.salt, kept.cost, len(kept.tag))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(tag, kept.tag) == 1 && hash != "", nil
}

// tag waits for its turn and hashes.
func (h *Hasher) tag(ctx context.Context, password string, salt []byte, cost parameters, length int) ([]byte, error) {
	select {
	case h.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
	defer func() { <-h.turns }()
	return argon2.IDKey([]byte(password), salt, cost.passes, cost.memory, cost.threads, uint32(length)), nil
}

// kept is what a hash says.
type kept struct {
	cost      parameters
	salt, tag []byte
}

var errForeign = errors.New("the kept password is none that this version can read: set it anew")

// parse reads a hash. It takes no cost that a record could ruin a node with.
func parse(hash string) (kept, error) {
	var k kept
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return k, errForeign
	}
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.cost.memory, &k.cost.passes, &k.cost.threads)
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	tag, errTag := base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(err, errSalt, errTag) != nil || !k.cost.borne() || len(salt) < 8 || len(salt) > 64 || len(tag) < 16 || len(tag) > 64 {
		return k, errForeign
	}
	k.salt, k.tag = salt, tag
	return k, nil
}

// borne tells whether a node can afford the cost: at most that of RFC 9106's
// second recommendation, with passes to spare.
func (p parameters) borne() bool {
	return p.threads >= 1 && p.threads <= 4 && p.memory >= 8*uint32(p.threads) && p.memory <= 64<<10 && p.passes >= 1 && p.passes <= 10
}
