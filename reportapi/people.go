package reportapi

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/pages"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// peopleRoutes adds the pages for people.
func (s *server) peopleRoutes(routes gin.IRoutes) error {
	return pages.Mount(routes, pages.Config{
		Authenticate: s.authenticatePerson,
		SignIn:       s.signIn,
		SignOut:      s.signOut,
		Intake:       countedIntake{s.Intake, s.meters},
		DryRun:       s.Intake.DryRun,
		Standings:    s.standings,
		Policy:       s.Book.Policy,
		Rejected:     s.Rejections.List,
		Admits:       func(c *gin.Context) bool { return s.visitors.bears(s.clientAddr(c.Request), s.Now()) },
		Secure:       s.secure,
		Now:          s.Now,
		Logger:       s.Logger,
	})
}

// secure tells whether a browser reached the server by TLS. A proxy in front may
// end that, and may not say so.
func (s *server) secure(r *http.Request) bool {
	public, err := url.Parse(s.PublicURL)
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" ||
		err == nil && public.Scheme == "https" && strings.EqualFold(public.Host, r.Host)
}

// authenticatePerson is [server.need] for pages.
func (s *server) authenticatePerson(c *gin.Context, key string) (intake.Caller, error) {
	identity, err := s.identify(c.Request, key)
	if err != nil {
		return intake.Caller{}, err
	}
	s.introduce(c, identity)
	if err := s.spend(c, identity.KeyID); err != nil {
		return intake.Caller{}, err
	}
	return s.callerOf(c), nil
}

func (s *server) standings(addr netip.Addr) []pages.Standing {
	var standings []pages.Standing
	for _, view := range s.viewZones(scoring.PrefixOf(addr), s.Now()) {
		standings = append(standings, pages.Standing{
			Zone: view.Zone, Listed: view.Listed, Score: view.Score, Threshold: view.Threshold,
			Categories: view.Categories, Since: view.Since, Until: view.Until, Exempt: view.Exempt != nil, Range: view.Range,
			Lacks: view.disagreement(),
		})
	}
	return standings
}
