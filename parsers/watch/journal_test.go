package watch_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"penaltybox/parsers/watch"
)

const journalRemote = "/lib/systemd/systemd-journal-remote"

// journalEntry is an entry in systemd's export format, by which journals are
// sent: fields that hold line breaks or no UTF-8 are written with their length.
func journalEntry(n int, fields map[string]string) string {
	all := map[string]string{
		"__REALTIME_TIMESTAMP": fmt.Sprint(time.Now().UnixMicro() + int64(n)), "__MONOTONIC_TIMESTAMP": fmt.Sprint(1000 + n),
		"_BOOT_ID": strings.Repeat("ab", 16), "_MACHINE_ID": strings.Repeat("cd", 16), "_HOSTNAME": "mail",
		"SYSLOG_IDENTIFIER": "sshd", "_PID": fmt.Sprint(4000 + n), "_COMM": "sshd", "_SYSTEMD_UNIT": "ssh.service", "_TRANSPORT": "syslog",
		"MESSAGE": fmt.Sprintf("error: maximum authentication attempts exceeded for root from 203.0.113.%d port 41866 ssh2 [preauth]", n),
	}
	for name, value := range fields {
		all[name] = value
	}
	var text strings.Builder
	for name, value := range all {
		if strings.Contains(value, "\n") || !utf8.ValidString(value) {
			length := binary.LittleEndian.AppendUint64(nil, uint64(len(value)))
			fmt.Fprintf(&text, "%s\n%s%s\n", name, length, value)
			continue
		}
		fmt.Fprintf(&text, "%s=%s\n", name, value)
	}
	return text.String() + "\n"
}

// writeJournal makes a file of systemd's journal, as journald does.
func writeJournal(t *testing.T, name string, entries ...string) {
	t.Helper()
	if _, err := os.Stat(journalRemote); err != nil {
		t.Fatalf("%s is missing: install the Debian package systemd-journal-remote", journalRemote)
	}
	command := exec.Command(journalRemote, "--output", name, "-")
	command.Stdin = strings.NewReader(strings.Join(entries, ""))
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

// The journal is read with the real journalctl, from where the watcher before
// stood, into new files of it too; what somebody else wrote under sshd's name
// frames nobody.
func TestRun_journal(t *testing.T) {
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Fatal("journalctl is missing: install the Debian package systemd")
	}
	dir := t.TempDir()
	writeJournal(t, filepath.Join(dir, "first.journal"),
		journalEntry(1, nil),
		journalEntry(2, map[string]string{"_SYSTEMD_UNIT": "session-3.scope", "_COMM": "logger"}),
		journalEntry(3, map[string]string{"_COMM": "logger"}),
		journalEntry(4, map[string]string{"_SYSTEMD_UNIT": "ssh@7-203.0.113.1:22.service", "_COMM": "sshd-session", "SYSLOG_IDENTIFIER": "sshd-session"}),
		journalEntry(5, map[string]string{"MESSAGE": "error: maximum authentication attempts exceeded for \xff from 203.0.113.5 port 41866 ssh2 [preauth]"}),
		journalEntry(6, map[string]string{"MESSAGE": "Invalid user x\nNov 22 10:00:00 mail sshd[1]: error: maximum authentication attempts exceeded for root from 203.0.113.6 port 1 ssh2 [preauth]"}),
	)
	s := &sink{}
	config := watch.Config{
		Sources: []watch.Source{{Service: "sshd", Journal: true, Journalctl: []string{"journalctl", "--directory", dir}}},
		Sink:    s, State: t.TempDir(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	stop := start(t, config)
	s.await(t, 3)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	writeJournal(t, filepath.Join(dir, "second.journal"), journalEntry(7, nil), journalEntry(8, nil))
	stop = start(t, config)
	s.await(t, 5)
	writeJournal(t, filepath.Join(dir, "third.journal"), journalEntry(9, nil))
	s.await(t, 6)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
