package crowdsec

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// origin is where all decisions come from. Bouncers name sets and chains after
// it, so it is one constant, whoever reported.
const origin = "penaltybox"

// lapi is the local API. It is made once, when it is mounted.
type lapi struct {
	compat.House
	cursors *cursors
	spared  *sparedCache
	seal    *seal
}

// Mount adds the routes of the local API below a folder, /v1/… and /health, and
// returns how to tell what is wrong with a request that reaches none of them.
func Mount(routes gin.IRouter, house compat.House) (compat.Teller, error) {
	if err := house.Validate(); err != nil {
		return nil, fmt.Errorf("mounting the API of CrowdSec: %w", err)
	}
	seal, err := newSeal()
	if err != nil {
		return nil, fmt.Errorf("mounting the API of CrowdSec: %w", err)
	}
	api := &lapi{House: house, cursors: newCursors(), spared: &sparedCache{}, seal: seal}
	get(routes, "/health", func(c *gin.Context) { c.Status(http.StatusOK) })
	api.bouncerRoutes(routes.Group("/v1"))
	api.agentRoutes(routes.Group("/v1"))
	return func(c *gin.Context, fault *compat.Fault) { api.fail(c, fault) }, nil
}

func (api *lapi) bouncerRoutes(routes gin.IRoutes) {
	get(routes, "/decisions", api.getDecisions)
	get(routes, "/decisions/stream", api.getStream)
	routes.POST("/usage-metrics", api.answer(api.postUsageMetrics))
}

func (api *lapi) agentRoutes(routes gin.IRoutes) {
	routes.POST("/watchers/login", api.answer(api.postLogin))
	routes.POST("/watchers", api.answer(refuseRegistration))
	get(routes, "/heartbeat", api.answer(api.getHeartbeat))
	routes.POST("/alerts", api.answer(api.postAlerts))
	get(routes, "/alerts", api.answer(api.getAlerts))
	get(routes, "/alerts/:id", api.answer(api.getAlert))
	routes.DELETE("/decisions", api.answer(api.deleteDecisions))
	routes.DELETE("/decisions/:id", api.answer(api.deleteDecision))
	get(routes, "/allowlists", api.answer(api.getAllowlists))
	get(routes, "/allowlists/check/:ip", api.answer(api.checkAllowlists))
}

func get(routes gin.IRoutes, path string, handler gin.HandlerFunc) {
	routes.GET(path, handler)
	routes.HEAD(path, handler)
}

// fault is an answer that is no success, in the shape that CrowdSec's clients
// print.
type fault struct {
	status  int
	message string
	retry   time.Duration // 0: the client is not asked to wait
}

// Error returns the message.
func (f *fault) Error() string { return f.message }

// answer makes a handler of a function that may fail.
func (api *lapi) answer(handle func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handle(c); err != nil {
			api.fail(c, err)
		}
	}
}

func (api *lapi) fail(c *gin.Context, err error) {
	var known *fault
	var tooLarge *http.MaxBytesError
	var shared *compat.Fault
	switch {
	case errors.As(err, &known):
	case errors.As(err, &shared):
		known = &fault{shared.Status, shared.Error(), shared.Retry}
	case errors.As(err, &tooLarge):
		known = &fault{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the body is larger than %d bytes; send less at once", tooLarge.Limit)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		known = &fault{status: http.StatusRequestTimeout, message: "the body came too slowly; send it again"}
	default:
		known = &fault{status: http.StatusBadRequest, message: err.Error()}
	}
	told := &compat.Fault{Status: known.status, Detail: known.message, Retry: known.retry}
	api.Rejected(c, told)
	told.AskToWait(c)
	c.AbortWithStatusJSON(known.status, gin.H{"message": known.message})
}

// forbidden is what a bouncer with a bad key is told; its log shows it.
func forbidden() error { return &fault{status: http.StatusForbidden, message: "access forbidden"} }

// notTaken is [compat.NotTaken] in the shape of this API.
func notTaken(err, otherwise error) error {
	if told, ok := errors.AsType[*compat.Fault](err); ok {
		return &fault{told.Status, told.Error(), told.Retry}
	}
	return otherwise
}

// loading is told to those who cannot be answered before the node knows keys.
func loading() error {
	return &fault{status: http.StatusServiceUnavailable, message: "the ledger is being loaded; try again in a moment", retry: time.Second}
}

// bouncer tells who asks by X-Api-Key.
func (api *lapi) bouncer(c *gin.Context, scope control.Scope) (intake.Caller, error) {
	caller, err := api.Authenticate(c, strings.TrimSpace(c.GetHeader("X-Api-Key")), scope)
	if err != nil {
		api.Logger.Info("a key was not taken", "route", c.FullPath(), "source", api.Source(c), "reason", err)
		return caller, notTaken(err, forbidden())
	}
	return caller, nil
}

// caller tells who asks, as an agent that is logged in or by X-Api-Key.
func (api *lapi) caller(c *gin.Context, scope control.Scope) (intake.Caller, error) {
	if !api.Loaded() {
		return intake.Caller{}, loading()
	}
	scheme, token, found := strings.Cut(strings.TrimSpace(c.GetHeader("Authorization")), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return api.bouncer(c, scope)
	}
	key, err := api.seal.open(strings.TrimSpace(token), api.Now())
	if err != nil {
		return intake.Caller{}, &fault{status: http.StatusUnauthorized, message: err.Error()}
	}
	caller, err := api.Authenticate(c, key, scope)
	if err != nil {
		return caller, notTaken(err, &fault{status: http.StatusUnauthorized, message: err.Error()})
	}
	return caller, nil
}
