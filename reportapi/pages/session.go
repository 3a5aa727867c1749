package pages

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

const (
	sessionCookie = "penaltybox_key"
	sessionPath   = "/report"
	sessionLength = control.SessionLength
)

// caller returns who is signed in; else it shows the form for that.
func (p *pages) caller(c *gin.Context) (intake.Caller, bool) {
	key, err := c.Cookie(sessionCookie)
	if err != nil || key == "" {
		p.askForKey(c, http.StatusOK, "")
		return intake.Caller{}, false
	}
	return p.check(c, key)
}

// check shows the form again when a key does not serve.
func (p *pages) check(c *gin.Context, key string) (intake.Caller, bool) {
	caller, err := p.Authenticate(c, key)
	switch {
	case err != nil:
		p.keep(c, "")
		p.askForKey(c, http.StatusForbidden, err.Error())
		return intake.Caller{}, false
	case !caller.May(control.ScopeReport):
		why, _ := caller.Lacks(control.ScopeReport)
		p.keep(c, "")
		p.askForKey(c, http.StatusForbidden, why)
		return intake.Caller{}, false
	}
	return caller, true
}

func (p *pages) askForKey(c *gin.Context, status int, problem string) {
	p.show(c, status, "signin.html", problem)
}

// signIn takes a key, or a name and its password.
func (p *pages) signIn(c *gin.Context) {
	form := c.Request.PostForm
	key := strings.TrimSpace(form.Get("key"))
	if key == "" {
		var status int
		var err error
		if key, status, err = p.SignIn(c, strings.TrimSpace(form.Get("name")), form.Get("password")); err != nil {
			p.askForKey(c, status, err.Error())
			return
		}
	}
	if _, ok := p.check(c, key); ok {
		p.keep(c, key)
		c.Redirect(http.StatusSeeOther, sessionPath)
	}
}

func (p *pages) signOut(c *gin.Context) {
	if key, err := c.Cookie(sessionCookie); err == nil && key != "" {
		if err := p.SignOut(c, key); err != nil { // it ends by itself
			p.Logger.WarnContext(c.Request.Context(), "ending a session", "error", err)
		}
	}
	p.keep(c, "")
	c.Redirect(http.StatusSeeOther, sessionPath)
}

// keep leaves a key in the browser, or takes it away.
func (p *pages) keep(c *gin.Context, key string) {
	age := int(sessionLength.Seconds())
	if key == "" {
		age = -1
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: sessionCookie, Value: key, Path: sessionPath, MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: p.Secure(c.Request),
	})
}
