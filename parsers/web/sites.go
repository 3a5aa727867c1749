package web

import (
	"bytes"

	"penaltybox/parsers/accesslog"
)

const (
	// enoughAssets is how many of WordPress' own files a site must have
	// served to be one with WordPress. A single page view asks for more.
	enoughAssets = 10
	// mostSites bounds what is remembered: on some servers the client names
	// the virtual host.
	mostSites = 10_000
)

// sites counts, for each virtual host ("" for logs without), the answers that
// only a WordPress gives. A site that has WordPress meets its scripts' paths
// in old links, its owner's browser tabs and other blogs' pingbacks.
type sites map[string]int

func (s sites) haveWordPress(site []byte) bool { return s[string(site)] >= enoughAssets }

// learn notes that a site served a file of WordPress or its plugins and
// themes. Uploads do not count: they outlive a move to other software. A
// client cannot bring this about where there is no WordPress.
func (s sites) learn(request accesslog.Request) {
	if request.Status != 200 && request.Status != 304 {
		return
	}
	if !bytes.HasPrefix(request.Target, []byte("/wp-")) {
		return
	}
	path := request.Path()
	if !isAsset(path) {
		return
	}
	site := request.Site()
	if seen, known := s[string(site)]; seen < enoughAssets && (known || len(s) < mostSites) {
		s[string(site)] = seen + 1
	}
}

func isAsset(path []byte) bool {
	if !bytes.HasPrefix(path, []byte("/wp-includes/")) &&
		!bytes.HasPrefix(path, []byte("/wp-content/themes/")) &&
		!bytes.HasPrefix(path, []byte("/wp-content/plugins/")) {
		return false
	}
	return bytes.HasSuffix(path, []byte(".js")) || bytes.HasSuffix(path, []byte(".css"))
}
