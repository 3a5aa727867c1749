package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version tells which build this is: the module's version, else the revision
// it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, dirty := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return "devel"
	}
	return "devel-" + revision[:min(12, len(revision))] + dirty
}

// versionCommand prints the version.
type versionCommand struct{}

// Run carries the command out.
func (versionCommand) Run(s *streams) error {
	_, err := fmt.Fprintln(s.out, versionLine())
	return err
}

// versionLine tells the build, and what it was built with and for.
func versionLine() string {
	return fmt.Sprintf("penaltybox %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
