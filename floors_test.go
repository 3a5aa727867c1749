package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floor is a folder with everything below it that has no row of its own, and
// what its packages may import beside the standard library and each other: one
// package of ours, or a foreign library with all its packages. A library that
// stands in one row alone has its home there, and another can take its place
// by the work of one folder.
type floor struct {
	folder  string // "" is package main
	imports []string
}

// floors returns the house from the ground up.
func floors() []floor {
	return []floor{
		{"scoring", []string{"github.com/gaissmai/bart"}},

		{"scoring/protect", []string{"penaltybox/scoring"}},
		{"scoring/control", []string{"penaltybox/scoring", "penaltybox/scoring/protect"}},
		{"scoring/control/password", []string{"golang.org/x/crypto"}},
		{"scoring/intake", []string{"penaltybox/scoring", "penaltybox/scoring/control"}},
		{"scoring/backup", []string{"penaltybox/scoring", "github.com/klauspost/compress/zstd"}},
		{"scoring/ledgertest", []string{"penaltybox/scoring", "github.com/google/go-cmp", "pgregory.net/rapid"}},
		{"scoring/boltledger", []string{"penaltybox/scoring", "go.etcd.io/bbolt", "golang.org/x/sync/errgroup", "golang.org/x/sys/unix"}},
		{"scoring/dnsnode", []string{"penaltybox/scoring"}},
		{"scoring/redisledger", []string{"penaltybox/scoring", "github.com/redis/go-redis", "golang.org/x/sync/errgroup"}},

		{"dnsbl", []string{
			"penaltybox/scoring", "penaltybox/scoring/intake", "penaltybox/scoring/control",
			"github.com/miekg/dns", "github.com/gaissmai/bart", "github.com/prometheus/client_golang", "golang.org/x/sys/unix",
		}},
		{"webhook", []string{"penaltybox/scoring", "penaltybox/scoring/control", "github.com/prometheus/client_golang"}},
		{"reportapi/coding", []string{"github.com/klauspost/compress"}},
		{"reportapi", []string{
			"penaltybox/scoring", "penaltybox/scoring/intake", "penaltybox/scoring/control", "penaltybox/scoring/control/password", "penaltybox/scoring/protect", "penaltybox/reportapi/coding",
			"github.com/gin-gonic/gin", "github.com/prometheus/client_golang", "golang.org/x/time/rate",
		}},

		// A node for the tests of adapters; nothing else imports it.
		{"reportapi/compat/compattest", []string{
			"penaltybox/reportapi", "penaltybox/scoring", "penaltybox/scoring/boltledger", "penaltybox/scoring/control", "penaltybox/scoring/intake",
			"github.com/prometheus/client_golang",
		}},

		// A tower of its own: an agent holds nothing of the server.
		{"parsers", []string{"penaltybox/parsers/logfile"}},
		{"parsers/watch", []string{
			"penaltybox/parsers", "penaltybox/parsers/event", "penaltybox/parsers/follow", "penaltybox/parsers/journal", "penaltybox/parsers/submit",
			"penaltybox/parsers/rules", "penaltybox/parsers/strictyaml", "go.yaml.in/yaml",
		}},
		{"parsers/rules", []string{
			"penaltybox/parsers", "penaltybox/parsers/daemon", "penaltybox/parsers/event", "penaltybox/parsers/logline", "penaltybox/parsers/web",
			"penaltybox/parsers/strictyaml", "go.yaml.in/yaml",
		}},
		{"parsers/strictyaml", []string{"go.yaml.in/yaml"}},
		{"parsers/penaltybox-watch", []string{"penaltybox/parsers/watch"}},
		{"parsers/logfile", []string{"github.com/klauspost/compress/zstd", "github.com/ulikunitz/xz"}},
		{"listfile", nil},
		{"deploy/clients", nil}, // files with a lid
		{"deploy/bench/dnsload", []string{"penaltybox/scoring/protect", "golang.org/x/sys/unix"}}, // writes a backup with the built-in sets off
		{"deploy/bench/streamload", []string{"golang.org/x/sync/errgroup"}},
		{"deploy", []string{"golang.org/x/sys/unix"}}, // to load servers

		{"", []string{
			"penaltybox/scoring", "penaltybox/scoring/control", "penaltybox/scoring/control/password", "penaltybox/scoring/intake", "penaltybox/scoring/backup",
			"penaltybox/scoring/boltledger", "penaltybox/scoring/redisledger", "penaltybox/scoring/dnsnode",
			"penaltybox/dnsbl", "penaltybox/dnsbl/doctor", "penaltybox/webhook", "penaltybox/reportapi", "penaltybox/reportapi/lists", "penaltybox/listfile", "penaltybox/deploy/clients", "penaltybox/parsers", "penaltybox/parsers/event",
			"penaltybox/parsers/logfile", "penaltybox/parsers/rules", "penaltybox/parsers/submit", "penaltybox/parsers/watch",
			"github.com/alecthomas/kong", "github.com/mattn/go-isatty", "github.com/prometheus/client_golang",
			"go.yaml.in/yaml", "golang.org/x/sync/errgroup", "golang.org/x/term",
		}},
	}
}

// Every package imports what its floor allows and nothing else. Tests are free.
func TestFloors(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	for _, p := range all {
		folder, ours := strings.CutPrefix(p.ImportPath+"/", "penaltybox/")
		if !ours {
			continue
		}
		floor, ok := floorOf(folder)
		if !ok {
			t.Errorf("%s stands on no floor; give it a row", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if !all[imported].Standard && !floor.allows(imported) {
				t.Errorf("%s imports %s, which its floor does not allow", p.ImportPath, imported)
			}
		}
	}
}

// The binary holds nothing that is only there for tests, and the ground
// depends, to the last package, on the standard library and bart alone.
func TestFloors_dependencies(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	if slices.Contains(all["penaltybox"].Deps, "testing") {
		t.Error("the binary depends on package testing")
	}
	for _, dependency := range all["penaltybox/scoring"].Deps {
		if !all[dependency].Standard && !below(dependency, "github.com/gaissmai/bart") {
			t.Errorf("scoring depends on %s", dependency)
		}
	}
}

// The agent that runs on every host holds nothing of the server, and of foreign
// libraries only what decompresses logs and reads its configuration.
func TestFloors_agent(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	agent := all["penaltybox/parsers/penaltybox-watch"]
	if len(agent.Deps) == 0 {
		t.Fatal("the agent is not there")
	}
	for _, dependency := range agent.Deps {
		foreign := !all[dependency].Standard && !below(dependency, "penaltybox/parsers")
		if foreign && !below(dependency, "go.yaml.in/yaml") && !below(dependency, "github.com/klauspost/compress") && !below(dependency, "github.com/ulikunitz/xz") {
			t.Errorf("the agent holds %s", dependency)
		}
	}
}

// floorOf returns the floor that a folder stands on: the row that names most
// of its path.
func floorOf(folder string) (floor, bool) {
	folder = strings.TrimSuffix(folder, "/")
	var best floor
	found := false
	for _, row := range floors() {
		if (row.folder == folder || row.folder != "" && below(folder, row.folder)) && len(row.folder) >= len(best.folder) {
			best, found = row, true
		}
	}
	return best, found
}

// allows tells whether the floor's packages may import a package that is not
// of the standard library.
func (f floor) allows(imported string) bool {
	if folder, ours := strings.CutPrefix(imported, "penaltybox/"); ours {
		own, ok := floorOf(folder)
		return ok && own.folder == f.folder || slices.Contains(f.imports, imported)
	}
	return slices.ContainsFunc(f.imports, func(library string) bool { return below(imported, library) })
}

// below tells whether a path is a root or lies below it.
func below(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// listedPackage is what "go list" tells of a package.
type listedPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// listPackages returns the packages of this module and all that they depend
// on, without their tests, by import path.
func listPackages(t *testing.T) map[string]listedPackage {
	t.Helper()
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), "go", "list", "-tags", "nomsgpack", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("listing packages: %v\n%s", err, &stderr)
	}
	all := map[string]listedPackage{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listedPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("reading the list of packages: %v", err)
		}
		all[p.ImportPath] = p
	}
}

// maxLines bounds a source file: what is longer holds more than one noun.
const maxLines = 350

// No file is called after nothing in particular, none runs code before main,
// and none is too long to read.
func TestHouse(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "testdata"}, entry.Name()):
			return fs.SkipDir
		case slices.Contains([]string{"util", "utils", "common", "helpers", "misc", "base"}, strings.TrimSuffix(entry.Name(), ".go")):
			t.Errorf("%s: name it after what it holds", name)
		case path.Ext(name) != ".go":
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init runs unasked; make it a constructor", name)
			}
		}
		if lines := files.File(file.Pos()).LineCount(); lines > maxLines && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s: %d lines, at most %d", name, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
