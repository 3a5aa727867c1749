package reportapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
)

// openRoutes need no key.
func (s *server) openRoutes(routes gin.IRoutes) {
	s.get(routes, "/healthz", s.answer(s.getHealth))
	s.get(routes, "/readyz", s.answer(s.getReady))
	s.get(routes, "/version", s.answer(s.getVersion))
	s.get(routes, "/openapi.yaml", s.answer(getOpenAPI))
	s.get(routes, "/", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/lookup") })
	if s.ServeMetrics {
		s.get(routes, "/metrics", s.forMonitoring, s.metricsHandler())
	}
}

// removalRoutes need no key: a listed address asks for itself.
func (s *server) removalRoutes(routes gin.IRoutes) {
	routes.POST("", s.answer(s.postRemoval))
	s.get(routes, "/:of", s.answer(s.getRemoval))
}

// nativeRoutes are the API proper, but for what an admin rules by. Each names
// the least role that may use it, and the scope that the key needs.
func (s *server) nativeRoutes(routes gin.IRoutes) {
	checker := s.need(control.RoleChecker, control.ScopeCheck)
	reader, reporter := s.need(control.RoleReader, control.ScopeRead), s.need(control.RoleReporter, control.ScopeReport)
	amender := s.need(control.RoleReporter, control.ScopeReport, control.ScopeDelist)
	overseer, moderator := s.need(control.RoleModerator, control.ScopeRead), s.need(control.RoleModerator, control.ScopeDelist)

	routes.POST("/incidents", reporter, s.answer(s.postIncidents))
	s.get(routes, "/rejected", s.need(control.RoleReporter, control.ScopeReport, control.ScopeRead), s.answer(s.getRejected))
	s.get(routes, "/incidents", reader, s.answer(s.getIncidents))
	s.get(routes, "/incidents/:ip/:id", reader, s.answer(s.getIncident))
	routes.PATCH("/incidents/:ip/:id", amender, s.answer(s.patchIncident))

	s.get(routes, "/ips/:ip", reader, s.answer(s.getIP))
	s.get(routes, "/check/:ip", checker, s.answer(s.getCheck))
	s.get(routes, "/explain", reader, s.answer(s.getExplain))
	s.get(routes, "/blocklist", s.needToList, s.answer(s.getBlocklist))

	s.get(routes, "/digest", overseer, s.answer(s.getDigest))
	s.get(routes, "/exemptions", moderator, s.answer(s.getExemptions))
	routes.POST("/exemptions", moderator, s.answer(s.postExemption))
	routes.DELETE("/exemptions", moderator, s.answer(s.deleteExemption))

	s.get(routes, "/voids", moderator, s.answer(s.getVoids))
	routes.POST("/voids", moderator, s.answer(s.postVoid))
	s.get(routes, "/voids/:id", moderator, s.answer(s.getVoid))
	routes.DELETE("/voids/:id", moderator, s.answer(s.deleteVoid))

	s.get(routes, "/removals", moderator, s.answer(s.getRemovals))
	s.get(routes, "/removals/:id", moderator, s.answer(s.getOneRemoval))
	routes.POST("/removals/:id", moderator, s.answer(s.postDecision))

	s.get(routes, "/policy", reader, s.answer(s.getPolicy))
}

// adminRoutes are what an admin rules by, with few exceptions.
func (s *server) adminRoutes(routes gin.IRoutes) {
	admin := s.need(control.RoleAdmin, control.ScopeAdmin)
	self := s.need(control.RoleChecker, "")                                           // and an admin, or with the old password
	truster := s.need(control.RoleModerator, control.ScopeDelist, control.ScopeAdmin) // a moderator may end a probation

	s.get(routes, "/protected", admin, s.answer(s.getProtected))
	s.get(routes, "/protected/:name", admin, s.answer(s.getProtectedSet))
	routes.PUT("/protected/:name", admin, s.answer(s.putProtectedSet))
	routes.PATCH("/protected/:name", admin, s.answer(s.patchProtectedSet))
	routes.DELETE("/protected/:name", admin, s.answer(s.deleteProtectedSet))

	s.get(routes, "/reporters", admin, s.answer(s.getReporters))
	routes.POST("/reporters", admin, s.answer(s.postReporter))
	s.get(routes, "/reporters/:name", admin, s.answer(s.getReporter))
	routes.PATCH("/reporters/:name", truster, s.answer(s.patchReporter))
	routes.PUT("/reporters/:name/password", self, s.answer(s.putPassword))
	routes.DELETE("/reporters/:name/password", self, s.answer(s.deletePassword))

	s.get(routes, "/organisations", admin, s.answer(s.getOrganisations))
	s.get(routes, "/keys", admin, s.answer(s.getKeys))
	routes.POST("/keys", admin, s.answer(s.postKey))
	s.get(routes, "/keys/:id", admin, s.answer(s.getKey))
	routes.PATCH("/keys/:id", admin, s.answer(s.patchKey))
	routes.POST("/keys/:id/rotate", admin, s.answer(s.rotateKey))
	routes.DELETE("/keys/:id", admin, s.answer(s.deleteKey))
	routes.POST("/keys/:id/pause", admin, s.answer(s.postPause))
	routes.DELETE("/keys/:id/pause", admin, s.answer(s.deletePause))

	s.get(routes, "/webhooks", admin, s.answer(s.getWebhooks))
	routes.POST("/webhooks", admin, s.answer(s.postWebhook))
	routes.DELETE("/webhooks/:name", admin, s.answer(s.deleteWebhook))
	routes.POST("/webhooks/:name/rotate", admin, s.answer(s.rotateWebhook))
	routes.POST("/webhooks/:name/test", admin, s.answer(s.postWebhookTest))

	routes.PATCH("/policy", admin, s.answer(s.patchPolicy))
	s.get(routes, "/querylog", admin, s.answer(s.getQueryLog))
	routes.POST("/querylog", admin, s.answer(s.postQueryLog))
	routes.DELETE("/querylog", admin, s.answer(s.deleteQueryLog))
	s.get(routes, "/audit", admin, s.answer(s.getAudit))
	s.get(routes, "/privacy/:ip", admin, s.answer(s.getPrivacy))
	routes.DELETE("/privacy/:ip", admin, s.answer(s.deletePrivacy))
	routes.GET("/backup", admin, s.answer(s.getBackup))
}

// get adds a route for GET and HEAD; net/http leaves the body of a HEAD out.
func (s *server) get(routes gin.IRoutes, path string, handlers ...gin.HandlerFunc) {
	routes.GET(path, handlers...)
	routes.HEAD(path, handlers...)
}
