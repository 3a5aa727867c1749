// Package e2e runs the scripts beside it: whole stories with real daemons.
package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestStories(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "penaltybox")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "nomsgpack", "-o", binary, "penaltybox")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building penaltybox: %v\n%s", err, out)
	}
	for _, story := range []struct{ name, script string }{
		// A real OpenSSH server is attacked, its own log goes through the
		// parser into a running server, and DNS lists the attacker after the
		// third strike.
		{"sshd three strikes", "./sshd-three-strikes.sh"},
		// Real resolvers find every listed address and no other, and hear of
		// listings and delistings within the TTLs.
		{"resolvers", "./resolvers.sh"},
		// systemd-resolved finds the zone, and other names where they were.
		{"systemd-resolved", "./resolved.sh"},
		// Real mail servers and spam filters turn listed addresses away, and
		// while Penaltybox cannot answer let everybody in, soon.
		{"mail", "./mail.sh"},
		// Real daemons are attacked while their logs are watched: DNS lists
		// each attacker, and nobody whom they tried to frame.
		{"daemons", "./daemons.sh"},
		// Debian's fail2ban reports with its own actions, to another address,
		// and with ours.
		{"fail2ban", "./fail2ban.sh"},
		// Debian's rspamd tells of the mails that it rejects.
		{"rspamd", "./rspamd.sh"},
		// CrowdSec's own bouncers, agent and cscli read and report, and the
		// kernel's packet filter blocks what is listed and nothing else.
		{"crowdsec", "./crowdsec.sh"},
		// The firewall script keeps listed addresses out, our own networks in,
		// and the last good list whatever goes wrong.
		{"firewall", "./firewall.sh"},
		// MediaWiki and the plugins for other forums refuse listed visitors,
		// and nobody while Penaltybox cannot be asked.
		{"forums", "./forums.sh"},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			play(t, story.script, binary)
		})
	}
}

// play runs a script and shows what it says.
func play(t *testing.T, script, binary string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, script, binary)
	// A script that is asked to end takes its daemons with it.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
