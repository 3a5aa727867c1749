package parsers

import (
	"fmt"
	"slices"
	"strings"

	"penaltybox/parsers/event"
	"penaltybox/parsers/sshd"
	"penaltybox/parsers/web"
)

// Recogniser judges the lines of one log, in order.
type Recogniser interface {
	// Recognise tells what a line, without its line break, says. The match
	// may point into the line.
	Recognise(line []byte) (event.Match, event.Outcome)
}

var (
	_ Recogniser = (*sshd.Recogniser)(nil)
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

// Services returns all services, by name.
func Services() []Service {
	return []Service{
		{sshd.Name, []string{"ssh", "openssh"}, sshd.Summary, sshd.Kinds(), func(s event.Setting) Recogniser { return sshd.New(s) }},
		{web.Name, []string{"access", "apache", "apache2", "caddy", "httpd", "nginx"}, web.Summary, web.Kinds(), func(s event.Setting) Recogniser { return web.New(s) }},
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

// Find returns the service with a name or alias; the error is an
// [*UnknownServiceError].
func Find(name string) (Service, error) {
	var known []string
	for _, s := range Services() {
		if s.Name == name || slices.Contains(s.Aliases, name) {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return Service{}, &UnknownServiceError{Name: name, Known: known}
}
