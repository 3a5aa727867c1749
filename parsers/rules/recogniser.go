package rules

import (
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
)

// recogniser is one service that a file describes.
type recogniser struct {
	name, summary string
	programs      []string
	stamped       bool // a time stands in front of a message, and nothing else
	rules         []*rule
	samples       []sample
}

// rule is one sort of event.
type rule struct {
	judgement
	messages []message
	texts    []string
}

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// recogniser reads a service.
func (r *reader) recogniser(n *yaml.Node) {
	s := &recogniser{summary: "a log that an own rule file describes"}
	r.Mapping(n, map[string]func(*yaml.Node){
		"name":     func(n *yaml.Node) { s.name = r.serviceName(n) },
		"summary":  func(n *yaml.Node) { s.summary = r.Text(n) },
		"programs": func(n *yaml.Node) { r.List(n, func(n *yaml.Node) { s.programs = append(s.programs, r.Text(n)) }) },
		"header":   func(n *yaml.Node) { s.stamped = r.Choice(n, "syslog", "time") == "time" },
		"rules":    func(n *yaml.Node) { r.List(n, func(n *yaml.Node) { r.rule(n, s) }) },
	})
	r.told(n, when(yamlMissing(n, "name"), "name: give it one, by which it is called"))
	r.told(n, when(yamlMissing(n, "rules") || len(s.rules) == 0, "rules: want at least one"))
	r.told(n, when(!s.stamped && len(s.programs) == 0, "programs: name what the daemon is called in syslog, or say header: time"))
	r.told(n, when(s.stamped && len(s.programs) > 0, "programs and header: time: give one of them"))
	r.recognisers = append(r.recognisers, s)
}

func (r *reader) serviceName(n *yaml.Node) string {
	name := r.Text(n)
	known, err := parsers.Find(name)
	switch {
	case name == "":
	case !serviceName.MatchString(name):
		r.Fault(n, "name %q: want lower-case letters, digits and hyphens", name)
	case err == nil:
		r.Fault(n, "name %q: it is built in (as %s); take another", name, known.Name)
	case name == "list" || name == "explain" || name == "test":
		r.Fault(n, "name %q: it is a word of the command's; take another", name)
	case slices.ContainsFunc(r.recognisers, func(other *recogniser) bool { return other.name == name }):
		r.Fault(n, "name %q stands here twice", name)
	}
	return name
}

// rule reads one rule of a service.
func (r *reader) rule(n *yaml.Node, s *recogniser) {
	this := new(rule)
	fields := r.fields(&this.judgement, true)
	fields["match"], fields["ignore"] = r.samples(&s.samples, &this.kind)
	fields["message"] = func(n *yaml.Node) {
		if n.Kind == yaml.SequenceNode {
			r.List(n, func(n *yaml.Node) { r.message(n, s, this) })
			return
		}
		r.message(n, s, this)
	}
	s.rules = append(s.rules, this)
	r.Mapping(n, fields)
	if n.Kind != yaml.MappingNode {
		return
	}
	r.finish(n, &this.judgement)
	r.wantSamples(n)
	r.told(n, when(yamlMissing(n, "message"), "message: write what the daemon writes"))
	for _, other := range s.rules[:len(s.rules)-1] {
		same := other.kind.Name == this.kind.Name && other.kind.Tier == this.kind.Tier && (other.failures+other.names > 0) && (this.failures+this.names > 0)
		r.told(n, when(same && (other.failures != this.failures || other.names != this.names || other.within != this.within || other.kind.Points != this.kind.Points),
			"rules of one kind and tier count together: want the same failures, names, within and points as above"))
	}
	if this.kind.Summary == "" && len(this.texts) > 0 {
		this.kind.Summary = event.Note([]byte(this.texts[0]))
	}
}

// mostMessages bounds what each line is compared with.
const mostMessages = 200

func (r *reader) message(n *yaml.Node, s *recogniser, this *rule) {
	text := r.Text(n)
	if text == "" {
		return
	}
	total := 0
	for _, other := range s.rules {
		total += len(other.messages)
		if slices.Contains(other.texts, text) {
			r.Fault(n, "the message stands here twice: %s", text)
			return
		}
	}
	m, err := parseMessage(text)
	switch {
	case err != nil:
		r.told(n, err)
	case total >= mostMessages:
		r.Fault(n, "want at most %d messages for a service", mostMessages)
	default:
		this.messages, this.texts = append(this.messages, m), append(this.texts, text)
	}
}

// spec returns the service as a table; counted says whether soft events count
// together, or each is shown by itself.
func (s *recogniser) spec(counted bool) daemon.Spec {
	spec := daemon.Spec{
		IsProgram: func(name []byte) bool { return slices.Contains(s.programs, string(name)) },
		Agree:     true,
		Trap: &event.Kind{
			Name: "other.trap", Tier: event.Hard, Points: Kinds()["other.trap"], PerMinute: 1,
			Summary: "used a name that was set as a trap (--trap NAME)",
		},
	}
	if s.stamped {
		spec.Front = func(clock logline.Clock, line []byte) (time.Time, []byte, bool) { return clock.Front(line) }
	}
	for _, from := range s.rules {
		for _, m := range from.messages {
			to := m.rule()
			to.Kind = &from.kind
			if counted {
				to.Failures, to.Names, to.Span = from.failures, from.names, from.within
			}
			spec.Rules = append(spec.Rules, to)
		}
	}
	return spec
}

// service returns what parsers need of the service.
func (s *recogniser) service() parsers.Service {
	kinds := make([]event.Kind, len(s.rules))
	for i, rule := range s.rules {
		kinds[i] = rule.kind
	}
	return parsers.Service{
		Name: s.name, Summary: s.summary, Kinds: kinds,
		New: func(setting event.Setting) parsers.Recogniser { return daemon.New(setting, s.spec(true)) },
	}
}
