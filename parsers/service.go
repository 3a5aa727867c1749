package parsers

import (
	"fmt"
	"strings"

	"penaltybox/parsers/apacheerror"
	"penaltybox/parsers/daemon"
	"penaltybox/parsers/dovecot"
	"penaltybox/parsers/dropbear"
	"penaltybox/parsers/event"
	"penaltybox/parsers/exim"
	"penaltybox/parsers/named"
	"penaltybox/parsers/postfix"
	"penaltybox/parsers/proftpd"
	"penaltybox/parsers/pureftpd"
	"penaltybox/parsers/sshd"
	"penaltybox/parsers/vsftpd"
	"penaltybox/parsers/web"
)

// Recogniser judges the lines of one log, in order.
type Recogniser interface {
	// Recognise tells what a line, without its line break, says. The match
	// may point into the line.
	Recognise(line []byte) (event.Match, event.Outcome)
}

// Skipper is a [Recogniser] that searches many lines at once.
type Skipper interface {
	Recogniser
	// Skip returns the length of the first whole lines of a text that
	// Recognise would have ignored, as if it had been given them; 0 says that
	// Recognise must judge the next line. The text ends with a line break.
	Skip(lines []byte) int
}

var (
	_ Skipper    = (*sshd.Recogniser)(nil)
	_ Recogniser = (*daemon.Recogniser)(nil)
	_ Recogniser = (*web.Recogniser)(nil)
)

// Service is one program, or sort of programs, whose logs can be read.
type Service struct {
	Name    string
	Aliases []string // what else people call it
	Summary string
	Kinds   []event.Kind
	// New returns a recogniser for one log of the service.
	New func(event.Setting) Recogniser
}

// Services returns all built-in services, by name.
func Services() []Service {
	return []Service{
		{apacheerror.Name, []string{"apache2-error", "httpd-error"}, apacheerror.Summary, apacheerror.Kinds(), func(s event.Setting) Recogniser { return apacheerror.New(s) }},
		{dovecot.Name, []string{"imap", "pop3"}, dovecot.Summary, dovecot.Kinds(), func(s event.Setting) Recogniser { return dovecot.New(s) }},
		{dropbear.Name, nil, dropbear.Summary, dropbear.Kinds(), func(s event.Setting) Recogniser { return dropbear.New(s) }},
		{exim.Name, []string{"exim4"}, exim.Summary, exim.Kinds(), func(s event.Setting) Recogniser { return exim.New(s) }},
		{named.Name, []string{"bind", "bind9"}, named.Summary, named.Kinds(), func(s event.Setting) Recogniser { return named.New(s) }},
		{postfix.Name, []string{"smtpd", "mail"}, postfix.Summary, postfix.Kinds(), func(s event.Setting) Recogniser { return postfix.New(s) }},
		{proftpd.Name, nil, proftpd.Summary, proftpd.Kinds(), func(s event.Setting) Recogniser { return proftpd.New(s) }},
		{pureftpd.Name, []string{"pure-ftpd"}, pureftpd.Summary, pureftpd.Kinds(), func(s event.Setting) Recogniser { return pureftpd.New(s) }},
		{sshd.Name, []string{"ssh", "openssh"}, sshd.Summary, sshd.Kinds(), func(s event.Setting) Recogniser { return sshd.New(s) }},
		{vsftpd.Name, nil, vsftpd.Summary, vsftpd.Kinds(), func(s event.Setting) Recogniser { return vsftpd.New(s) }},
		{web.Name, []string{"access", "apache", "apache2", "caddy", "httpd", "lighttpd", "nginx", "traefik"}, web.Summary, web.Kinds(), func(s event.Setting) Recogniser { return web.New(s) }},
	}
}

// UnknownServiceError says that no service has the name.
type UnknownServiceError struct {
	Name  string
	Known []string
}

// Error names the service and those that are known.
func (e *UnknownServiceError) Error() string {
	return fmt.Sprintf("unknown service %q: known are %s", e.Name, strings.Join(e.Known, ", "))
}

// Find returns the built-in service with a name or alias; the error is an
// [*UnknownServiceError].
func Find(name string) (Service, error) { return Options{}.Find(name) }
