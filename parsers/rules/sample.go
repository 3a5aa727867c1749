package rules

import (
	"net/netip"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
)

// sample is a line and what a rule must make of it.
type sample struct {
	at   *yaml.Node
	line string
	addr netip.Addr // invalid: the line must not be recognised
	note string
	kind *event.Kind
}

// samples returns the settings that hold samples.
func (r *reader) samples(all *[]sample, kind *event.Kind) (match, ignore func(*yaml.Node)) {
	match = func(n *yaml.Node) {
		r.List(n, func(n *yaml.Node) {
			s := sample{at: n, kind: kind}
			r.Mapping(n, map[string]func(*yaml.Node){
				"line": func(n *yaml.Node) { s.line = r.Text(n) },
				"addr": func(n *yaml.Node) {
					var ok bool
					if s.addr, ok = event.Addr([]byte(r.Text(n))); !ok {
						r.Fault(n, "%q: want an address", n.Value)
					}
				},
				"note": func(n *yaml.Node) { s.note = n.Value },
			})
			if s.line == "" || !s.addr.IsValid() {
				r.Fault(n, "a line to match wants line and addr")
				return
			}
			if kind.Example == "" {
				kind.Example = s.line
			}
			*all = append(*all, s)
		})
	}
	ignore = func(n *yaml.Node) {
		r.List(n, func(n *yaml.Node) {
			if line := r.Text(n); line != "" {
				*all = append(*all, sample{at: n, line: line, kind: kind})
			}
		})
	}
	return match, ignore
}

// wantSamples wants lines of both sorts.
func (r *reader) wantSamples(n *yaml.Node) {
	r.told(n, when(yamlMissing(n, "match"), "match: want at least one line that is recognised"))
	r.told(n, when(yamlMissing(n, "ignore"), "ignore: want at least one line that looks alike and is not"))
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := n.Content[i].Value; (name == "match" || name == "ignore") && n.Content[i+1].Kind == yaml.SequenceNode && len(n.Content[i+1].Content) == 0 {
			r.Fault(n.Content[i], "%s: want at least one line", name)
		}
	}
}

// What to look for when a line is not recognised.
const (
	messageHint = "the message is all that stands behind the program's name and colon, to the end of the line"
	pathHint    = "the answer must be 404 or the like, and the path stand where at says"
)

// try compares what recognisers say of the samples with what they should say;
// each gets a new one.
func (r *reader) try(samples []sample, hint string, newRecogniser func() parsers.Recogniser) {
	for _, s := range samples {
		match, outcome := newRecogniser().Recognise([]byte(s.line))
		told := event.Note(match.Note)
		switch {
		case !s.addr.IsValid() && outcome == event.Recognised && match.Kind == s.kind:
			r.Fault(s.at, "this line must not match, and names %s: %s", match.Addr, event.Note([]byte(s.line)))
		case !s.addr.IsValid():
		case outcome == event.Refused:
			r.Fault(s.at, "this line must match, and is refused (%s): %s", match.Reason, event.Note([]byte(s.line)))
		case outcome != event.Recognised:
			r.Fault(s.at, "this line must match, and does not (%s): %s", hint, event.Note([]byte(s.line)))
		case match.Kind != s.kind:
			r.Fault(s.at, "this line must match, and another rule takes it (%s): %s", match.Kind.Name, event.Note([]byte(s.line)))
		case match.Addr != s.addr:
			r.Fault(s.at, "this line names %s, want %s: %s", match.Addr, s.addr, event.Note([]byte(s.line)))
		case s.note != "" && told != s.note:
			r.Fault(s.at, "the note of this line is %q, want %q: %s", told, s.note, event.Note([]byte(s.line)))
		}
	}
}
