package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// Intake takes reports, and takes them back.
type Intake interface {
	Submit(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result
	Amend(ctx context.Context, now time.Time, caller intake.Caller, key scoring.Key, change intake.Change) (scoring.Entry, *intake.Refusal, error)
}

// Standing is how an address stands in one zone.
type Standing struct {
	Zone             string
	Listed           bool
	Score, Threshold int
	Categories       []string
	Since, Until     time.Time
	Exempt           bool
	Range            netip.Prefix // around the address, which lists it; else invalid
	Lacks            string       // organisations, in words, where points alone do not list
}

// Config is what the pages ask of the server. All of it is needed.
type Config struct {
	// Authenticate returns who a key stands for; its error is for people.
	Authenticate func(c *gin.Context, key string) (intake.Caller, error)
	// SignIn returns the key of a new session; else a status and an error for
	// people.
	SignIn func(c *gin.Context, name, password string) (key string, status int, err error)
	// SignOut ends a session, if the key is one.
	SignOut func(c *gin.Context, key string) error
	Intake  Intake
	// DryRun tells what Submit would answer.
	DryRun func(ctx context.Context, now time.Time, caller intake.Caller, idempotencyKey string, reports []intake.Report) []intake.Result
	// Standings tells how an address stands in every zone, the first zone first.
	Standings func(addr netip.Addr) []Standing
	Policy    func() scoring.Policy
	// Rejected tells the newest rejections of a reporter, newest first.
	Rejected func(reporter string, limit int) []intake.Rejection
	// Admits tells whether the client may look up one more address now.
	Admits func(c *gin.Context) bool
	// Secure tells whether a request came by TLS. Whoever forges that it did only
	// hurts himself.
	Secure func(r *http.Request) bool
	Now    func() time.Time // the ledger's time
	Logger *slog.Logger
}

func (c Config) validate() error {
	if c.Authenticate == nil || c.SignIn == nil || c.SignOut == nil || c.Intake == nil || c.DryRun == nil || c.Standings == nil || c.Policy == nil || c.Rejected == nil || c.Admits == nil || c.Secure == nil || c.Now == nil || c.Logger == nil {
		return errors.New("making the pages: authenticate, sign in, sign out, intake, dry run, standings, policy, rejected, admits, secure, now and logger are all needed")
	}
	return nil
}

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var style []byte

// pages serves the pages.
type pages struct {
	Config
	templates *template.Template
	origin    *http.CrossOriginProtection
}

// Mount adds the pages' routes.
func Mount(routes gin.IRoutes, config Config) error {
	if err := config.validate(); err != nil {
		return err
	}
	parsed, err := template.New("").Funcs(template.FuncMap{"moment": moment}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return fmt.Errorf("reading the pages' templates: %w", err)
	}
	p := &pages{Config: config, templates: parsed, origin: http.NewCrossOriginProtection()}
	add := func(method, path string, page func(c *gin.Context)) {
		routes.Handle(method, path, p.guard, page)
	}
	add(http.MethodGet, "/lookup", p.lookup)
	add(http.MethodGet, "/report", p.form)
	add(http.MethodPost, "/report", p.report)
	add(http.MethodPost, "/report/preview", p.preview)
	add(http.MethodPost, "/report/undo", p.undo)
	add(http.MethodPost, "/report/sign-in", p.signIn)
	add(http.MethodPost, "/report/sign-out", p.signOut)
	routes.GET("/style.css", func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=3600")
		c.Data(http.StatusOK, "text/css; charset=utf-8", style)
	})
	return nil
}

// maxForm bounds a form: a thousand addresses and a note, and some to spare.
const maxForm = 256 << 10 // bytes

// guard refuses forms that other sites send, and keeps the pages out of frames
// and caches.
func (p *pages) guard(c *gin.Context) {
	header := c.Writer.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("Referrer-Policy", "no-referrer")
	if err := p.origin.Check(c.Request); err != nil {
		p.fault(c, http.StatusForbidden, "This form was sent by another site, so it was not taken.")
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	if err := c.Request.ParseForm(); err != nil {
		p.fault(c, http.StatusBadRequest, "The form could not be read: it may be larger than 256 KiB. Send fewer addresses at a time.")
		return
	}
	c.Next()
}

// fault ends the request with a page that says what is wrong.
func (p *pages) fault(c *gin.Context, status int, problem string) {
	c.Abort()
	p.show(c, status, "fault.html", problem)
}

// show writes a page once all of it is there.
func (p *pages) show(c *gin.Context, status int, name string, data any) {
	var page bytes.Buffer
	if err := p.templates.ExecuteTemplate(&page, name, data); err != nil {
		p.Logger.ErrorContext(c.Request.Context(), "writing a page", "page", name, "error", err)
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
}

// moment writes a time for people, who may be anywhere.
func moment(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04:05 UTC") }
