package rules

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers/event"
)

// Kinds returns the kinds that every server knows and takes from a reporter,
// with their points.
func Kinds() map[string]uint16 {
	return map[string]uint16{
		"ssh.maxauth": 20, "ssh.penalty": 10, "ssh.bruteforce": 20,
		"web.wordpress": 20, "web.exploit": 30, "web.secret": 25, "web.webshell": 25, "web.login": 10, "web.probe": 10,
		"forum.spam": 25, "forum.register": 20,
		"mail.auth": 20, "mail.relay": 20, "mail.protocol": 15, "spam.mail": 25,
		"scan.port": 5, "scan.proxy": 10, "dos.flood": 25,
		"other.ftp": 20, "other.voip": 10, "other.dns": 10, "other.trap": 40,
	}
}

var kindName = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}\.[a-z][a-z0-9-]{0,23}$`)

// ownKinds reads the kinds that were added on the server, with their points.
func (r *reader) ownKinds(n *yaml.Node) {
	r.Pairs(n, func(name, value *yaml.Node) {
		switch {
		case !kindName.MatchString(name.Value):
			r.Fault(name, "kind %q: want category.name in lower case, such as web.shop", name.Value)
		case r.kinds[name.Value] > 0:
			r.Fault(name, "kind %s is known to every server; leave it out", name.Value)
		default:
			r.kinds[name.Value] = uint16(r.Number(value, 1, 65535))
		}
	})
}

// mostEvents bounds what one address causes in a minute.
const mostEvents = 2

// judgement is what a rule says of those who break it.
type judgement struct {
	kind     event.Kind
	failures int
	names    int
	within   time.Duration
}

// fields returns the settings that make a judgement.
func (r *reader) fields(j *judgement, counted bool) map[string]func(*yaml.Node) {
	fields := map[string]func(*yaml.Node){
		"kind":    func(n *yaml.Node) { j.kind.Name = r.kindOf(n) },
		"points":  func(n *yaml.Node) { j.kind.Points = uint16(r.Number(n, 1, 65535)) },
		"summary": func(n *yaml.Node) { j.kind.Summary = r.Text(n) },
		"tier": func(n *yaml.Node) {
			tier, err := event.ParseTier(r.Text(n))
			if err != nil && n.Value != "" {
				r.Fault(n, "%v", err)
			}
			j.kind.Tier = tier
		},
	}
	if counted {
		fields["failures"] = func(n *yaml.Node) { j.failures = r.Number(n, 2, 1000) }
		fields["names"] = func(n *yaml.Node) { j.names = r.Number(n, 2, 1000) }
		fields["within"] = func(n *yaml.Node) {
			var err error
			if j.within, err = time.ParseDuration(r.Text(n)); err != nil || j.within < time.Second || j.within > 24*time.Hour {
				r.Fault(n, "%q: want a time from 1s to 24h, such as 10m", n.Value)
				j.within = time.Hour
			}
		}
	}
	return fields
}

func (r *reader) kindOf(n *yaml.Node) string {
	name := r.Text(n)
	if name != "" && r.kinds[name] == 0 {
		r.Fault(n, "kind %q is unknown; known are %s. Add one on the server, and say here: kinds: {%s: POINTS}",
			name, strings.Join(slices.Sorted(maps.Keys(r.kinds)), ", "), name)
		return ""
	}
	return name
}

// finish checks a judgement as a whole.
func (r *reader) finish(n *yaml.Node, j *judgement) {
	most := r.kinds[j.kind.Name]
	if j.kind.Points == 0 {
		j.kind.Points = most
	}
	counts := j.failures > 0 || j.names > 0
	faults := errors.Join(
		when(yamlMissing(n, "kind"), "kind: name one"),
		when(yamlMissing(n, "tier"), "tier: say hard, medium or soft"),
		when(most > 0 && j.kind.Points > most, "points: %d are more than %s is worth on the server, %d", j.kind.Points, j.kind.Name, most),
		when(counts && j.within == 0, "within: say in what time, such as 10m"),
		when(!counts && j.within > 0, "within goes with failures or names"),
		when(j.kind.Tier == event.Soft && !counts, "tier soft: such events count only together; say failures or names, and within"),
	)
	r.told(n, faults)
	if !counts {
		j.kind.PerMinute, j.kind.Distinct = mostEvents, j.kind.Tier != event.Hard
	}
}

func when(wrong bool, format string, args ...any) error {
	if !wrong {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// yamlMissing tells whether a mapping lacks a name.
func yamlMissing(n *yaml.Node, name string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return false
		}
	}
	return true
}
