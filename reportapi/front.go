package reportapi

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// front is the engine for clients of foreign formats, who put paths together of
// what they were given: it squeezes slashes below /compat, and answers the paths
// of CrowdSec's API at the root too, where its clients look for them. It does not
// redirect: bouncers do not follow with a POST.
type front struct {
	*gin.Engine
	rooted map[string]bool // the first steps of paths that are CrowdSec's: /health, /v1/decisions
}

const (
	foreignFolder  = "/compat"
	crowdsecFolder = foreignFolder + "/crowdsec"
)

func newFront(engine *gin.Engine) front {
	f := front{engine, map[string]bool{}}
	for _, route := range engine.Routes() {
		if path, ok := strings.CutPrefix(route.Path, crowdsecFolder); ok {
			f.rooted[firstSteps(path)] = true
		}
	}
	return f
}

// ServeHTTP is [gin.Engine.ServeHTTP] of the path that a client means.
func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := f.meant(r.URL.Path)
	if path == r.URL.Path {
		f.Engine.ServeHTTP(w, r)
		return
	}
	meant := *r
	meant.URL = &url.URL{}
	*meant.URL = *r.URL
	meant.URL.Path, meant.URL.RawPath = path, ""
	f.Engine.ServeHTTP(w, &meant)
}

// meant returns the path that a client means by one.
func (f front) meant(path string) string {
	squeezed := squeeze(path)
	switch {
	case strings.HasPrefix(squeezed, foreignFolder+"/"):
		return strings.TrimRight(squeezed, "/")
	case f.rooted[firstSteps(squeezed)]:
		return crowdsecFolder + strings.TrimRight(squeezed, "/")
	}
	return path
}

// firstSteps returns the first step of a path, and of /v1 the step below.
func firstSteps(path string) string {
	rest, versioned := strings.CutPrefix(path, "/v1/")
	if !versioned {
		rest = strings.TrimPrefix(path, "/")
	}
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		return path
	}
	return path[:len(path)-len(rest)+end]
}

// squeeze makes one of each row of slashes.
func squeeze(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
