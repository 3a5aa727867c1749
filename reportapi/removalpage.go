package reportapi

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	"github.com/gin-gonic/gin"
)

// removalPage is what a browser shows of a request for removal.
var removalPage = template.Must(template.New("removal").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Removal of {{.Prefix}}</title>
<h1>{{.Prefix}}</h1>
{{- if eq .State "not_listed"}}
<p>It is not listed here.</p>
{{- else if eq .State "open"}}
<p>Your request waits for a moderator{{with .Held}}: {{.}}{{end}}.</p>
{{- else if eq .State "denied"}}
<p>A moderator said no: {{.Reason}}</p>
<p>Ask again from {{.Cooldown.Format "2 January 2006, 15:04 UTC"}} on.</p>
{{- else if eq .State "undone"}}
<p>It was taken off the lists, and that was undone.</p>
{{- else}}
<p>It was taken off the lists. What is observed from now on counts as ever.</p>
{{- end}}
{{- with .Token}}
<p>Ask from elsewhere what became of it with <code>/removal/{{$.ID}}?token={{.}}</code></p>
{{- end}}
</html>
`))

// showRemoval answers with JSON, or to a browser with a page.
func (s *server) showRemoval(c *gin.Context, status int, view removalView) error {
	if !strings.Contains(c.GetHeader("Accept"), "text/html") {
		return ok(c, status, view)
	}
	var page bytes.Buffer
	if err := removalPage.Execute(&page, view); err != nil {
		return fmt.Errorf("writing the page of a removal: %w", err)
	}
	c.Header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	c.Header("Referrer-Policy", "no-referrer")
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
	return nil
}
