package rules

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/daemon"
	"penaltybox/parsers/event"
	"penaltybox/parsers/logline"
	"penaltybox/parsers/strictyaml"
	"penaltybox/parsers/web"
)

// File is a file of rules whose samples are all as expected.
type File struct {
	// Services go into [parsers.Options]: one per recogniser, and the web's
	// own in place of the built-in one if there are paths.
	Services []parsers.Service
	// Rules and Samples are how many the file has.
	Rules, Samples int
}

const largest = 1 << 20 // bytes of a file

// Load reads a file, and tries its samples. The error names every fault in it,
// with the name of the file and the line. Now is the present time: samples
// without a year lie before it.
func Load(name string, now func() time.Time) (File, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return File{}, fmt.Errorf("reading rules: %w", err)
	case !info.Mode().IsRegular() || info.Size() > largest:
		return File{}, fmt.Errorf("reading rules: %s: want a file of at most %d MiB", name, largest>>20)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return File{}, fmt.Errorf("reading rules: %w", err)
	}
	return Parse(name, text, now)
}

// Parse reads the text of a file; see [Load].
func Parse(name string, text []byte, now func() time.Time) (File, error) {
	root, err := strictyaml.Document(text, "recognisers or paths")
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	clock, err := logline.NewClock(time.UTC, now)
	if err != nil {
		return File{}, err
	}
	r := &reader{kinds: maps.Clone(Kinds())}
	file, err := r.file(root, event.Setting{Clock: clock})
	if err != nil {
		return File{}, err
	}
	return file, r.err(name)
}

// reader reads values and collects what is wrong with them.
type reader struct {
	strictyaml.Reader
	kinds          map[string]uint16
	recognisers    []*recogniser
	requests       []web.Request
	requestSamples []sample
}

// told tells an error as a fault; none if it is nil, and one each if they are
// joined.
func (r *reader) told(n *yaml.Node, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			r.told(n, err)
		}
		return
	}
	if err != nil {
		r.Fault(n, "%w", err)
	}
}

// err returns all faults in the order of their lines.
func (r *reader) err(name string) error {
	slices.SortStableFunc(r.Faults, func(a, b strictyaml.Fault) int { return a.Line - b.Line })
	all := make([]error, len(r.Faults))
	for i, fault := range r.Faults {
		all[i] = fmt.Errorf("%s:%d: %w", name, fault.Line, fault.Err)
	}
	return errors.Join(all...)
}

// file reads all, and tries the samples of what is well-formed.
func (r *reader) file(root *yaml.Node, setting event.Setting) (File, error) {
	fields := map[string]func(*yaml.Node){
		"kinds":       func(*yaml.Node) {}, // read first
		"recognisers": func(n *yaml.Node) { r.List(n, r.recogniser) },
		"paths":       func(n *yaml.Node) { r.List(n, r.path) },
	}
	if root.Kind == yaml.MappingNode && !yamlMissing(root, "kinds") {
		r.ownKinds(strictyaml.At(root, "kinds"))
	}
	r.Mapping(root, fields)
	if len(r.Faults) == 0 && len(r.recognisers)+len(r.requests) == 0 {
		r.Fault(root, "it wants recognisers or paths")
	}
	if len(r.Faults) > 0 {
		return File{}, nil // told by err
	}
	file := File{Rules: len(r.requests), Samples: len(r.requestSamples)}
	for _, s := range r.recognisers {
		r.try(s.samples, messageHint, func() parsers.Recogniser { return daemon.New(setting, s.spec(false)) })
		file.Services = append(file.Services, s.service())
		file.Rules += len(s.rules)
		file.Samples += len(s.samples)
	}
	if len(r.requests) > 0 {
		r.try(r.requestSamples, pathHint, func() parsers.Recogniser { return web.New(setting, r.requests...) })
		service, err := webService(r.requests)
		if err != nil {
			return File{}, err
		}
		file.Services = append(file.Services, service)
	}
	slices.SortFunc(file.Services, func(a, b parsers.Service) int { return strings.Compare(a.Name, b.Name) })
	return file, nil
}
