package protect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"penaltybox/scoring"
)

// maxUnpacked bounds what a packed list may become, in bytes.
const maxUnpacked = MaxPrefixes * 200

// Pack writes prefixes compactly, for a record: sorted lines of prefix, expiry
// (unix seconds) and comment with tabs between, compressed. A hundred thousand
// random ones take about half a megabyte.
func Pack(prefixes []scoring.ProtectedPrefix) ([]byte, error) {
	var packed bytes.Buffer
	compress, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("packing a list: %w", err)
	}
	lines := bufio.NewWriter(compress)
	var line []byte
	for _, p := range prefixes {
		line = p.Prefix.AppendTo(line[:0])
		if !p.Expires.IsZero() || p.Comment != "" {
			line = append(line, '\t')
			if !p.Expires.IsZero() {
				line = strconv.AppendInt(line, p.Expires.Unix(), 10)
			}
			line = append(append(line, '\t'), p.Comment...)
		}
		if _, err := lines.Write(append(line, '\n')); err != nil {
			return nil, fmt.Errorf("packing a list: %w", err)
		}
	}
	if err := lines.Flush(); err != nil {
		return nil, fmt.Errorf("packing a list: %w", err)
	}
	if err := compress.Close(); err != nil {
		return nil, fmt.Errorf("packing a list: %w", err)
	}
	return packed.Bytes(), nil
}

// Unpack is the inverse of Pack. It takes no more than a list may have.
func Unpack(packed []byte) ([]scoring.ProtectedPrefix, error) {
	unpack, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpacking a list: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(unpack, maxUnpacked+1))
	if err != nil {
		return nil, fmt.Errorf("unpacking a list: %w", err)
	}
	if len(text) > maxUnpacked {
		return nil, fmt.Errorf("unpacking a list: more than %d bytes", maxUnpacked)
	}
	prefixes := make([]scoring.ProtectedPrefix, 0, bytes.Count(text, []byte("\n")))
	for line := range strings.Lines(string(text)) {
		member, err := unpackLine(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("unpacking a list: %w", err)
		}
		prefixes = append(prefixes, member)
	}
	if len(prefixes) > MaxPrefixes {
		return nil, fmt.Errorf("unpacking a list: more than %d prefixes", MaxPrefixes)
	}
	return prefixes, nil
}

func unpackLine(line string) (scoring.ProtectedPrefix, error) {
	var member scoring.ProtectedPrefix
	text, rest, _ := strings.Cut(line, "\t")
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return member, err
	}
	expires, comment, _ := strings.Cut(rest, "\t")
	if expires != "" {
		seconds, err := strconv.ParseInt(expires, 10, 64)
		if err != nil {
			return member, err
		}
		member.Expires = time.Unix(seconds, 0).UTC()
	}
	// The whole text would be held for one comment.
	member.Prefix, member.Comment = prefix, strings.Clone(comment)
	return member, nil
}
