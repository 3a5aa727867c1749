// Package e2e runs the scripts beside it: whole stories with real daemons.
package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A real OpenSSH server is attacked, its own log goes through the parser into
// a running server, and DNS lists the attacker after the third strike.
func TestSSHDThreeStrikes(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "penaltybox")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", binary, "penaltybox")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building penaltybox: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "./sshd-three-strikes.sh", binary).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
