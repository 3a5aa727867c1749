package crowdsec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// tokenLife is how long a login lasts; agents log in again by themselves.
const tokenLife = time.Hour

// seal makes the tokens that agents get for a key. A token is the key,
// encrypted together with the end of its life: the server keeps none, each use
// asks whether the key still holds, and a token that shows in an agent's log
// is of no use for long. The secret is a process's own, so a restart ends all
// logins, and agents log in anew.
type seal struct{ cipher.AEAD }

func newSeal() (*seal, error) {
	var secret [32]byte
	rand.Read(secret[:]) // never fails: crypto/rand ends the program instead
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, fmt.Errorf("making tokens: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making tokens: %w", err)
	}
	return &seal{aead}, nil
}

// close makes a token of a key.
func (s *seal) close(key string, expires time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, append(plain, key...), nil))
}

var errToken = errors.New("this token is not valid any more; log in again")

// open returns the key of a token.
func (s *seal) open(token string, now time.Time) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", errToken
	}
	plain, err := s.Open(nil, nil, sealed, nil)
	if err != nil || len(plain) < 8 || now.Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return "", errToken
	}
	return string(plain[8:]), nil
}
