package follow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// headSize is how much of a file its identity is made of, in bytes.
const headSize = 1 << 10

// head is the identity of a file's text: the hash of its first bytes, up to
// headSize of them. Files that grow keep it.
type head struct {
	Size int    `json:"size"` // bytes that were hashed
	Hash string `json:"hash,omitempty"`
}

// readHead returns the head of a text.
func readHead(text io.ReaderAt) (head, error) {
	first, err := firstBytes(text)
	if err != nil {
		return head{}, err
	}
	return headOf(first), nil
}

// firstBytes returns the first bytes of a text, of a damaged one what there is.
func firstBytes(text io.ReaderAt) ([]byte, error) {
	first := make([]byte, headSize)
	n, err := text.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) && n == 0 {
		return nil, fmt.Errorf("reading its first bytes: %w", err)
	}
	return first[:n], nil
}

func headOf(first []byte) head {
	if len(first) == 0 {
		return head{}
	}
	sum := sha256.Sum256(first)
	return head{Size: len(first), Hash: hex.EncodeToString(sum[:16])}
}

// fits tells whether a text that begins with some bytes is the one that has
// the head, grown or not.
func (h head) fits(first []byte) bool {
	return len(first) >= h.Size && headOf(slices.Clip(first[:h.Size])) == h
}

// known tells whether the head says anything.
func (h head) known() bool { return h.Size > 0 }
