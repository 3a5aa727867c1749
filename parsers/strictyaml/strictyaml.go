// Package strictyaml reads configuration that people write, and tells
// everything that is wrong with it at once, each fault with its line.
//
// A [Reader] walks the nodes of a document and collects faults; the caller
// says of each mapping which names it may have. Aliases are no values, so a
// small document stays small.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is one thing that is wrong.
type Fault struct {
	Line int
	Err  error
}

// Error tells the line first.
func (f Fault) Error() string { return fmt.Sprintf("line %d: %v", f.Line, f.Err) }

// Unwrap returns what is wrong.
func (f Fault) Unwrap() error { return f.Err }

// Document returns the root of the one document in text. Wants says, for an
// empty text, what it should hold.
func Document(text []byte, wants string) (*yaml.Node, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		return nil, fmt.Errorf("it is empty: it wants %s", wants)
	case err != nil:
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	return document.Content[0], nil
}

// At returns the value of a name in a mapping, or the mapping.
func At(mapping *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return mapping
}

// Reader reads values and collects what is wrong with them. The zero value is
// ready.
type Reader struct{ Faults []Fault }

// Err returns all faults as one error, or nil.
func (r *Reader) Err() error {
	all := make([]error, len(r.Faults))
	for i, fault := range r.Faults {
		all[i] = fault
	}
	return errors.Join(all...)
}

// Fault tells what is wrong with a node.
func (r *Reader) Fault(n *yaml.Node, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{n.Line, fmt.Errorf(format, args...)})
}

// Mapping reads names and values; each name that fields has may stand once.
func (r *Reader) Mapping(n *yaml.Node, fields map[string]func(*yaml.Node)) {
	r.Pairs(n, func(name, value *yaml.Node) {
		read, known := fields[name.Value]
		if !known {
			r.Fault(name, "%s is unknown; known are %s", name.Value, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
			return
		}
		read(value)
	})
}

// Pairs reads a mapping whose names are the writer's own.
func (r *Reader) Pairs(n *yaml.Node, read func(name, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.Fault(n, "want names and values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if seen[name.Value] {
			r.Fault(name, "%s stands here twice", name.Value)
			continue
		}
		seen[name.Value] = true
		read(name, value)
	}
}

// List reads each item of a list.
func (r *Reader) List(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.Fault(n, "want a list")
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

// Text reads a text that is not empty.
func (r *Reader) Text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		r.Fault(n, "want a text")
		return ""
	}
	return n.Value
}

// Number reads a whole number from least to most; least if it is none.
func (r *Reader) Number(n *yaml.Node, least, most int) int {
	number, err := strconv.Atoi(r.Text(n))
	if err != nil || number < least || number > most {
		r.Fault(n, "%q: want a number from %d to %d", n.Value, least, most)
		return least
	}
	return number
}

// Flag reads true or false.
func (r *Reader) Flag(n *yaml.Node) bool { return r.Choice(n, "true", "false") == "true" }

// Choice reads one of some texts.
func (r *Reader) Choice(n *yaml.Node, choices ...string) string {
	text := r.Text(n)
	if text != "" && !slices.Contains(choices, text) {
		r.Fault(n, "%q: want %s", text, strings.Join(choices, " or "))
	}
	return text
}
