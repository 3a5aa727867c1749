package main

import (
	"fmt"
	"io"
	"strings"
	"text/template"
)

// pasteReady are what `reporter add --print` can print: shell commands to
// paste, as root, on the machine that is to report. The key goes into files
// that root alone may read, and into no command line.
func pasteReady(form string) (*template.Template, error) {
	text, ok := map[string]string{"watch": watchPaste, "curl": curlPaste, "fail2ban": fail2banPaste}[form]
	if !ok {
		return nil, fmt.Errorf("--print %q: want watch, curl or fail2ban", form)
	}
	return template.New(form).Parse(text)
}

// pasteValues go into what is printed. They come from the server and the
// command line, and must not end a quoted word or a here-document.
type pasteValues struct{ Name, Key, URL string }

func (v pasteValues) check() error {
	for _, value := range []string{v.Name, v.Key, v.URL} {
		if value == "" || strings.ContainsAny(value, "'\"\\`$\n\r %") {
			return fmt.Errorf("%q cannot be pasted safely", value)
		}
	}
	return nil
}

// printPaste prints the block for one reporter.
func printPaste(out io.Writer, form string, values pasteValues) error {
	block, err := pasteReady(form)
	if err != nil {
		return err
	}
	if err := values.check(); err != nil {
		return err
	}
	return block.Execute(out, values)
}

const watchPaste = `# On {{.Name}}, as root; needs the binary penaltybox-watch in /usr/local/bin and
# deploy/systemd/penaltybox-watch.service in /etc/systemd/system.
(umask 077; printf '%s\n' '{{.Key}}' > /etc/penaltybox-watch.key)
cat > /etc/penaltybox-watch.yaml <<'EOF'
server: {{.URL}}
key_file: /etc/penaltybox-watch.key
state: /var/lib/penaltybox-watch
sources:
  - service: sshd
    journal: true
  # - service: web
  #   files: [/var/log/nginx/*access.log]
EOF
penaltybox-watch -config /etc/penaltybox-watch.yaml -check &&
	systemctl daemon-reload && systemctl enable --now penaltybox-watch
`

const curlPaste = `# On {{.Name}}, as root.
(umask 077; cat > /etc/penaltybox.curl <<'EOF'
url = "{{.URL}}/v1/incidents"
header = "Authorization: Bearer {{.Key}}"
silent
show-error
fail
max-time = 30
EOF
)
# Then report like this:
#   curl --config /etc/penaltybox.curl -d ip=203.0.113.7 -d kind=ssh.maxauth
#   penaltybox parse sshd /var/log/auth.log |
#     curl --config /etc/penaltybox.curl --data-binary @-
`

const fail2banPaste = `# On {{.Name}}, as root.
(umask 077; cat > /etc/penaltybox.curl <<'EOF'
# What several jails report of one address within 15 minutes counts once.
url = "{{.URL}}/v1/incidents?once=15m"
header = "Authorization: Bearer {{.Key}}"
silent
show-error
fail
max-time = 30
EOF
)
cat > /etc/fail2ban/action.d/penaltybox.conf <<'EOF'
# Reports each ban to Penaltybox. The key is in /etc/penaltybox.curl, not in a
# command line that others could read.
[Definition]
actionban = curl --config /etc/penaltybox.curl --data-urlencode "ip=<ip>" --data-urlencode "kind=<kind>" --data-urlencode "id=fail2ban-$(uname -n)-<name>-<ip>-<time>"
norestored = 1

[Init]
name = default
kind = ssh.bruteforce
EOF
# In /etc/fail2ban/jail.local, beside the ban itself:
#   [sshd]
#   action = %(action_)s
#            penaltybox[name=sshd, kind=ssh.bruteforce]
fail2ban-client reload
`
