package reportapi

import (
	"cmp"
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// basicChallenge asks for a key as a password (RFC 7617): some programs that
// fetch lists know nothing else, and send it only when asked.
const basicChallenge = `Basic realm="penaltybox"`

func mayRead() right { return right{control.RoleReader, []control.Scope{control.ScopeRead}} }

// needToList is need for lists: the key may be the password of any user, too, or
// a user who has none (curl -u KEY:). Not so elsewhere: browsers send passwords
// along with what other sites make them send.
func (s *server) needToList(c *gin.Context) {
	token := tokenOf(c.Request)
	if user, password, given := c.Request.BasicAuth(); token == "" && given {
		token = cmp.Or(password, user)
	}
	identity, err := s.identify(c.Request, token)
	if err != nil {
		s.fail(c, problemOf(err).with("WWW-Authenticate", basicChallenge))
		return
	}
	s.admit(c, identity, mayRead())
}

// needKeyInPath is need for firewalls that can be told an address and nothing
// else. Addresses end up in logs and histories, if not in ours: so the key must
// be one that can do nothing but read.
func (s *server) needKeyInPath(c *gin.Context) {
	identity, err := s.identify(c.Request, c.Param("key"))
	if err != nil {
		s.fail(c, problemOf(err))
		return
	}
	if identity.Role != control.RoleReader {
		c.Set(identityKey, identity)
		s.fail(c, newProblem(http.StatusForbidden, "a key in a path must be of role reader, because paths end up in logs; this one is of role "+string(identity.Role),
			"make one with: penaltybox reporter add NAME --role reader"))
		return
	}
	s.admit(c, identity, mayRead())
}
