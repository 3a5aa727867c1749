package watch

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/submit"
)

// File is a configuration file:
//
//	server: https://bl.example.org
//	key_file: /etc/penaltybox-watch.key
//	state: /var/lib/penaltybox-watch
//	sources:
//	  - service: sshd
//	    journal: true
//	  - service: web
//	    files: [/var/log/nginx/*access.log]
//	    tier: medium
type File struct {
	Server  submit.Server // without the key
	KeyFile string        // "": from the environment
	State   string
	Spool   int64 // limit in bytes
	Metrics string
	Sources []Source
}

const defaultSpool = 64 << 20

// ReadFile reads a configuration file. The error names every fault of it, with
// its line. Getenv tells STATE_DIRECTORY, systemd's word for the state folder.
func ReadFile(path string, getenv func(string) string) (File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("reading the configuration: %w", err)
	}
	file, err := ParseFile(text, getenv)
	if err != nil {
		return File{}, fmt.Errorf("configuration %s:\n%w", path, err)
	}
	return file, nil
}

// ParseFile reads the text of a configuration file; see [ReadFile].
func ParseFile(text []byte, getenv func(string) string) (File, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&document)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		return File{}, errors.New("it is empty: it wants server and sources")
	case err != nil:
		return File{}, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return File{}, errors.New("it holds more than one document")
	}
	r := &nodeReader{}
	file := File{Spool: defaultSpool, State: getenv("STATE_DIRECTORY")}
	host := ""
	var skip []netip.Prefix
	root := document.Content[0]
	r.mapping(root, map[string]func(*yaml.Node){
		"server":          func(n *yaml.Node) { file.Server.URL = r.text(n) },
		"key_file":        func(n *yaml.Node) { file.KeyFile = r.text(n) },
		"ca":              func(n *yaml.Node) { file.Server.CA = r.text(n) },
		"certificate":     func(n *yaml.Node) { file.Server.Cert = r.text(n) },
		"certificate_key": func(n *yaml.Node) { file.Server.CertKey = r.text(n) },
		"state":           func(n *yaml.Node) { file.State = r.text(n) },
		"spool_mib":       func(n *yaml.Node) { file.Spool = r.mebibytes(n) },
		"metrics":         func(n *yaml.Node) { file.Metrics = r.path(n) },
		"host":            func(n *yaml.Node) { host = r.text(n) },
		"skip":            func(n *yaml.Node) { skip = r.networks(n) },
		"sources": func(n *yaml.Node) {
			r.list(n, func(n *yaml.Node) { file.Sources = append(file.Sources, r.source(n)) })
		},
	})
	if _, err := submit.ParseURL(file.Server.URL); err != nil {
		r.fault(r.at(root, "server"), "%v", err)
	}
	if file.State == "" {
		r.fault(root, "state: name a folder for what must survive a restart, such as /var/lib/penaltybox-watch")
	}
	if len(file.Sources) == 0 {
		r.fault(r.at(root, "sources"), "sources: name at least one")
	}
	for i := range file.Sources {
		file.Sources[i].Host = cmp.Or(file.Sources[i].Host, host)
		file.Sources[i].Skip = append(file.Sources[i].Skip, skip...)
	}
	return file, errors.Join(r.faults...)
}

// source reads one source.
func (r *nodeReader) source(n *yaml.Node) (s Source) {
	r.mapping(n, map[string]func(*yaml.Node){
		"service": func(n *yaml.Node) {
			s.Service = r.text(n)
			found, err := parsers.Find(s.Service)
			if err != nil {
				r.fault(n, "%v", err)
				return
			}
			s.Service = found.Name // whatever else it is called
		},
		"files":           func(n *yaml.Node) { r.list(n, func(n *yaml.Node) { s.Files = append(s.Files, r.pattern(n)) }) },
		"journal":         func(n *yaml.Node) { s.Journal = r.flag(n) },
		"units":           func(n *yaml.Node) { r.list(n, func(n *yaml.Node) { s.Units = append(s.Units, r.text(n)) }) },
		"from":            func(n *yaml.Node) { s.FromEnd = r.choice(n, "start", "end") == "end" },
		"tz":              func(n *yaml.Node) { s.Zone = r.zone(n) },
		"tier":            func(n *yaml.Node) { s.Tier = r.tier(n) },
		"host":            func(n *yaml.Node) { s.Host = r.text(n) },
		"trusted_proxies": func(n *yaml.Node) { s.Proxies = r.networks(n) },
		"traps":           func(n *yaml.Node) { r.list(n, func(n *yaml.Node) { s.Traps = append(s.Traps, r.text(n)) }) },
		"skip":            func(n *yaml.Node) { s.Skip = r.networks(n) },
	})
	switch {
	case s.Service == "":
		r.fault(n, "service: name one")
	case s.Journal && len(s.Files) > 0:
		r.fault(n, "files and journal: give one of them, or two sources")
	case !s.Journal && len(s.Files) == 0:
		r.fault(n, "files: name at least one, or say journal: true")
	case s.Journal:
		if _, err := s.filter(); err != nil {
			r.fault(n, "units: %v", err)
		}
	case len(s.Units) > 0:
		r.fault(n, "units: they go with journal: true")
	}
	return s
}

// nodeReader reads values and collects what is wrong with them.
type nodeReader struct{ faults []error }

func (r *nodeReader) fault(n *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("line %d: %w", n.Line, fmt.Errorf(format, args...)))
}

// at returns the value of a name in a mapping, or the mapping.
func (r *nodeReader) at(mapping *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i+1]
		}
	}
	return mapping
}

func (r *nodeReader) mapping(n *yaml.Node, fields map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "want names and values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		read, known := fields[name.Value]
		switch {
		case !known:
			r.fault(name, "%s is unknown; known are %s", name.Value, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		case seen[name.Value]:
			r.fault(name, "%s stands here twice", name.Value)
		default:
			read(value)
		}
		seen[name.Value] = true
	}
}

func (r *nodeReader) list(n *yaml.Node, read func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "want a list")
		return
	}
	for _, item := range n.Content {
		read(item)
	}
}

func (r *nodeReader) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		r.fault(n, "want a text")
		return ""
	}
	return n.Value
}

func (r *nodeReader) flag(n *yaml.Node) bool { return r.choice(n, "true", "false") == "true" }

func (r *nodeReader) choice(n *yaml.Node, choices ...string) string {
	text := r.text(n)
	if text != "" && !slices.Contains(choices, text) {
		r.fault(n, "%q: want %s", text, strings.Join(choices, " or "))
	}
	return text
}

func (r *nodeReader) path(n *yaml.Node) string {
	text := r.text(n)
	if text != "" && !filepath.IsAbs(text) {
		r.fault(n, "%q: want a path that begins with /", text)
	}
	return text
}

func (r *nodeReader) pattern(n *yaml.Node) string {
	text := r.path(n)
	if _, err := filepath.Match(text, ""); err != nil {
		r.fault(n, "%q: %v", text, err)
	}
	return text
}

func (r *nodeReader) mebibytes(n *yaml.Node) int64 {
	const most = 1 << 20
	size, err := strconv.ParseInt(r.text(n), 10, 64)
	if err != nil || size < submit.MinSpool>>20 || size > most {
		r.fault(n, "%q: want a number from %d to %d", n.Value, submit.MinSpool>>20, most)
		return submit.MinSpool
	}
	return size << 20
}

func (r *nodeReader) zone(n *yaml.Node) *time.Location {
	zone, err := time.LoadLocation(r.text(n))
	if err != nil {
		r.fault(n, "%v", err)
	}
	return zone
}

func (r *nodeReader) tier(n *yaml.Node) event.Tier {
	tier, err := event.ParseTier(r.text(n))
	if err != nil {
		r.fault(n, "%v", err)
	}
	return tier
}

func (r *nodeReader) networks(n *yaml.Node) (all []netip.Prefix) {
	r.list(n, func(n *yaml.Node) {
		text := r.text(n)
		network, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			r.fault(n, "%q: want a network such as 192.0.2.0/24", text)
		}
		all = append(all, network.Masked())
	})
	return all
}
