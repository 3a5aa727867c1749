package reportapi

import (
	"net/http"
	"strings"
)

// notModified tells whether If-None-Match names the entity tag, by weak
// comparison (RFC 9110 §8.8.3.2, §13.1.2).
func notModified(header http.Header, etag string) bool {
	etag = strings.TrimPrefix(etag, "W/")
	for tag := range tags(header, "If-None-Match") {
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// preconditionFails tells whether If-Match is there and does not name the
// entity tag, by strong comparison (RFC 9110 §8.8.3.2, §13.1.1).
func preconditionFails(header http.Header, etag string) bool {
	any := false
	for tag := range tags(header, "If-Match") {
		if tag == "*" || tag == etag {
			return false
		}
		any = true
	}
	return any
}

// tags yields the entity tags of a header. Our own hold no comma.
func tags(header http.Header, name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, value := range header.Values(name) {
			for tag := range strings.SplitSeq(value, ",") {
				if tag = strings.TrimSpace(tag); tag != "" && !yield(tag) {
					return
				}
			}
		}
	}
}
