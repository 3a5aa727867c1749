package watch

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"penaltybox/parsers"
	"penaltybox/parsers/event"
	"penaltybox/parsers/rules"
	"penaltybox/parsers/strictyaml"
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
	root, err := strictyaml.Document(text, "server and sources")
	if err != nil {
		return File{}, err
	}
	r := &nodeReader{read: map[string]bool{}}
	if n := strictyaml.At(root, "rules"); n != root {
		r.own = r.rules(n)
	}
	file := File{Spool: defaultSpool, State: getenv("STATE_DIRECTORY")}
	host := ""
	var skip []netip.Prefix
	r.Mapping(root, map[string]func(*yaml.Node){
		"server":          func(n *yaml.Node) { file.Server.URL = r.Text(n) },
		"key_file":        func(n *yaml.Node) { file.KeyFile = r.Text(n) },
		"ca":              func(n *yaml.Node) { file.Server.CA = r.Text(n) },
		"certificate":     func(n *yaml.Node) { file.Server.Cert = r.Text(n) },
		"certificate_key": func(n *yaml.Node) { file.Server.CertKey = r.Text(n) },
		"state":           func(n *yaml.Node) { file.State = r.Text(n) },
		"spool_mib":       func(n *yaml.Node) { file.Spool = r.mebibytes(n) },
		"metrics":         func(n *yaml.Node) { file.Metrics = r.path(n) },
		"host":            func(n *yaml.Node) { host = r.Text(n) },
		"skip":            func(n *yaml.Node) { skip = r.networks(n) },
		"rules":           func(*yaml.Node) {}, // read first
		"sources": func(n *yaml.Node) {
			r.List(n, func(n *yaml.Node) { file.Sources = append(file.Sources, r.source(n)) })
		},
	})
	if _, err := submit.ParseURL(file.Server.URL); err != nil {
		r.Fault(strictyaml.At(root, "server"), "%v", err)
	}
	if file.State == "" {
		r.Fault(root, "state: name a folder for what must survive a restart, such as /var/lib/penaltybox-watch")
	}
	if len(file.Sources) == 0 {
		r.Fault(strictyaml.At(root, "sources"), "sources: name at least one")
	}
	for i := range file.Sources {
		file.Sources[i].Host = cmp.Or(file.Sources[i].Host, host)
		file.Sources[i].Skip = append(file.Sources[i].Skip, skip...)
	}
	return file, r.Err()
}

// source reads one source.
func (r *nodeReader) source(n *yaml.Node) (s Source) {
	s.Own = r.own
	r.Mapping(n, map[string]func(*yaml.Node){
		"service": func(n *yaml.Node) {
			s.Service = r.Text(n)
			found, err := parsers.Options{Own: r.own}.Find(s.Service)
			if err != nil {
				r.Fault(n, "%v", err)
				return
			}
			s.Service = found.Name // whatever else it is called
		},
		"files":           func(n *yaml.Node) { r.List(n, func(n *yaml.Node) { s.Files = append(s.Files, r.pattern(n)) }) },
		"journal":         func(n *yaml.Node) { s.Journal = r.Flag(n) },
		"units":           func(n *yaml.Node) { r.List(n, func(n *yaml.Node) { s.Units = append(s.Units, r.Text(n)) }) },
		"from":            func(n *yaml.Node) { s.FromEnd = r.Choice(n, "start", "end") == "end" },
		"tz":              func(n *yaml.Node) { s.Zone = r.zone(n) },
		"tier":            func(n *yaml.Node) { s.Tier = r.tier(n) },
		"host":            func(n *yaml.Node) { s.Host = r.Text(n) },
		"trusted_proxies": func(n *yaml.Node) { s.Proxies = r.networks(n) },
		"traps":           func(n *yaml.Node) { r.List(n, func(n *yaml.Node) { s.Traps = append(s.Traps, r.Text(n)) }) },
		"skip":            func(n *yaml.Node) { s.Skip = r.networks(n) },
	})
	switch {
	case s.Service == "":
		r.Fault(n, "service: name one")
	case s.Journal && len(s.Files) > 0:
		r.Fault(n, "files and journal: give one of them, or two sources")
	case !s.Journal && len(s.Files) == 0:
		r.Fault(n, "files: name at least one, or say journal: true")
	case s.Journal:
		if _, err := s.filter(); err != nil {
			r.Fault(n, "units: %v", err)
		}
	case len(s.Units) > 0:
		r.Fault(n, "units: they go with journal: true")
	}
	r.readOnce(n, s)
	return s
}

// readOnce wants no two sources to read the same for one service: whose settings
// hold would be chance. Patterns that overlap are told while watching.
func (r *nodeReader) readOnce(n *yaml.Node, s Source) {
	logs := s.Files
	if s.Journal {
		logs = []string{"the journal"}
	}
	for _, log := range logs {
		name := s.Service + " " + log
		if r.read[name] {
			r.Fault(n, "%s is read twice for %s: name it, and all units, in one source", log, s.Service)
		}
		r.read[name] = true
	}
}

// nodeReader reads values and collects what is wrong with them.
type nodeReader struct {
	strictyaml.Reader
	own  []parsers.Service
	read map[string]bool // services and what they are read from
}

// rules reads the file of rules that a configuration names.
func (r *nodeReader) rules(n *yaml.Node) []parsers.Service {
	name := r.path(n)
	if name == "" {
		return nil
	}
	file, err := rules.Load(name, time.Now)
	if err != nil {
		r.Fault(n, "%w", err)
	}
	return file.Services
}

func (r *nodeReader) path(n *yaml.Node) string {
	text := r.Text(n)
	if text != "" && !filepath.IsAbs(text) {
		r.Fault(n, "%q: want a path that begins with /", text)
	}
	return text
}

func (r *nodeReader) pattern(n *yaml.Node) string {
	text := r.path(n)
	if _, err := filepath.Match(text, ""); err != nil {
		r.Fault(n, "%q: %v", text, err)
	}
	return text
}

func (r *nodeReader) mebibytes(n *yaml.Node) int64 {
	const most = 1 << 20
	return int64(r.Number(n, submit.MinSpool>>20, most)) << 20
}

func (r *nodeReader) zone(n *yaml.Node) *time.Location {
	zone, err := time.LoadLocation(r.Text(n))
	if err != nil {
		r.Fault(n, "%v", err)
	}
	return zone
}

func (r *nodeReader) tier(n *yaml.Node) event.Tier {
	tier, err := event.ParseTier(r.Text(n))
	if err != nil {
		r.Fault(n, "%v", err)
	}
	return tier
}

func (r *nodeReader) networks(n *yaml.Node) (all []netip.Prefix) {
	r.List(n, func(n *yaml.Node) {
		text := r.Text(n)
		network, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			r.Fault(n, "%q: want a network such as 192.0.2.0/24", text)
		}
		all = append(all, network.Masked())
	})
	return all
}
