package reportapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
)

// format is what those are told of a foreign format who ask for a path that it
// does not have.
type format struct {
	tell  compat.Teller // nil: by a problem
	paths []string      // that there are, with their methods
}

// formatOf returns the format that a path would belong to.
func (s *server) formatOf(path string) (format, bool) {
	name, below := strings.CutPrefix(path, foreignFolder+"/")
	name, _, _ = strings.Cut(name, "/")
	f, known := s.formats[name]
	return f, known && below
}

// collectPaths notes which paths each format has.
func (s *server) collectPaths(routes gin.RoutesInfo) {
	for _, route := range routes {
		f, known := s.formatOf(route.Path)
		if !known || route.Method == http.MethodHead {
			continue
		}
		f.paths = append(f.paths, route.Method+" "+route.Path)
		slices.Sort(f.paths)
		s.formats[strings.Split(route.Path, "/")[2]] = f
	}
}

// stray answers a request that no route takes, in the shape that the clients of
// the path understand.
func (s *server) stray(action func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		p := problemOf(action(c))
		if f, known := s.formatOf(c.Request.URL.Path); known && f.tell != nil {
			c.Header("Cache-Control", "no-store")
			f.tell(c, foreignFault(p))
			return
		}
		s.fail(c, p)
	}
}

func (s *server) noRoute(c *gin.Context) error {
	return newProblem(http.StatusNotFound, fmt.Sprintf("%s: no such page", shownPath(c)), s.whatThereIs(c.Request.URL.Path))
}

func noMethod(c *gin.Context) error {
	return newProblem(http.StatusMethodNotAllowed, fmt.Sprintf("%s: does not take %s", shownPath(c), cut(c.Request.Method)), "allowed are "+c.Writer.Header().Get("Allow"))
}

// whatThereIs tells who asked for a path in vain where to look.
func (s *server) whatThereIs(path string) string {
	f, known := s.formatOf(path)
	switch {
	case known:
		return "there are " + strings.Join(f.paths, ", ")
	case path == foreignFolder || strings.HasPrefix(path, foreignFolder+"/"):
		var folders []string
		for name := range s.formats {
			folders = append(folders, foreignFolder+"/"+name)
		}
		slices.Sort(folders)
		return "there are " + strings.Join(folders, ", ")
	}
	return "/openapi.yaml lists the API; for people there are /lookup and /report, and for the formats of other services the folders below " + foreignFolder
}
