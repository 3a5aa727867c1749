package reportapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// ClientFiles are ready-made clients, with this server's address filled in.
type ClientFiles interface {
	// File returns a file, filled in for a zone: folder/file, or README.md,
	// which tells of all others. False: there is none of that name.
	File(name, zone string) (text []byte, ok bool)
}

// clientRoutes give them out to anybody: they hold no key.
func (s *server) clientRoutes(routes gin.IRoutes) {
	s.get(routes, "/", s.answer(func(c *gin.Context) error { return s.sendClient(c, "README.md") }))
	s.get(routes, "/:folder/:file", s.answer(func(c *gin.Context) error {
		return s.sendClient(c, c.Param("folder")+"/"+c.Param("file"))
	}))
}

func (s *server) sendClient(c *gin.Context, name string) error {
	if s.Clients == nil {
		return s.noRoute(c)
	}
	q, err := queryOf(c, "zone")
	if err != nil {
		return err
	}
	zone, err := s.zone(q.text("zone"))
	if err != nil {
		return err
	}
	text, ok := s.Clients.File(name, zone.Name)
	if !ok {
		return newProblem(http.StatusNotFound, shownPath(c)+": no such file", "/clients/ tells of all there are")
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "text/plain; charset=utf-8", text)
	return nil
}
