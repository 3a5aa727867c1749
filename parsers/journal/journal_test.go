package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penaltybox/parsers/journal"
)

// entry is an entry as journalctl -o json shows it, with fields set or, given
// as "", left out.
func entry(cursor string, fields ...string) string {
	all := map[string]string{
		"__REALTIME_TIMESTAMP": `"1795341600123456"`, "_HOSTNAME": `"mail"`, "SYSLOG_IDENTIFIER": `"sshd"`, "_PID": `"4242"`,
		"MESSAGE": `"a message"`, "_SYSTEMD_UNIT": `"ssh.service"`, "_COMM": `"sshd"`, "_TRANSPORT": `"syslog"`,
	}
	for i := 0; i < len(fields); i += 2 {
		all[fields[i]] = fields[i+1]
	}
	text := fmt.Sprintf(`{"__CURSOR":%q`, cursor)
	for name, value := range all {
		if value != "" {
			text += fmt.Sprintf(",%q:%s", name, value)
		}
	}
	return text + "}"
}

// Only what the service itself has written passes: a client can set the
// identifier and the message, not the fields that journald adds.
func TestFilter_Passes(t *testing.T) {
	sshd, err := journal.FilterFor("sshd", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		fields []string
		passes bool
	}{
		"sshd":                    {nil, true},
		"a socket's instance":     {[]string{"_SYSTEMD_UNIT", `"ssh@12-203.0.113.1:22.service"`}, true},
		"9.8's parts":             {[]string{"_COMM", `"sshd-session"`}, true},
		"started by hand":         {[]string{"_SYSTEMD_UNIT", ""}, false},
		"logger of a user":        {[]string{"_SYSTEMD_UNIT", `"session-3.scope"`, "_COMM", `"logger"`}, false},
		"a user's sshd":           {[]string{"_SYSTEMD_UNIT", `"session-3.scope"`}, false},
		"a user's unit":           {[]string{"_SYSTEMD_UNIT", `"user@1000.service"`, "_SYSTEMD_USER_UNIT", `"ssh.service"`}, false},
		"a user's unit, inside":   {[]string{"_SYSTEMD_USER_UNIT", `"ssh.service"`}, false},
		"another program inside":  {[]string{"_COMM", `"logger"`}, false},
		"the manager about it":    {[]string{"_COMM", `"systemd"`, "_SYSTEMD_UNIT", `"init.scope"`, "UNIT", `"ssh.service"`}, false},
		"the kernel":              {[]string{"_TRANSPORT", `"kernel"`}, false},
		"audit":                   {[]string{"_TRANSPORT", `"audit"`}, false},
		"two units":               {[]string{"_SYSTEMD_UNIT", `["ssh.service","cron.service"]`}, false},
		"an odd identifier":       {[]string{"SYSLOG_IDENTIFIER", `"anything"`}, true}, // the recogniser knows its names
		"a unit by its beginning": {[]string{"_SYSTEMD_UNIT", `"ssh.service.evil"`}, false},
	} {
		e, err := journal.ParseEntry([]byte(entry("c", test.fields...)))
		if err != nil {
			t.Fatal(err)
		}
		if got := sshd.Passes(e); got != test.passes {
			t.Errorf("%s: passes %v", name, got)
		}
	}
	if _, err := journal.FilterFor("unheard-of", nil); err == nil {
		t.Error("a service without units was taken")
	}
	if _, err := journal.FilterFor("sshd", []string{"["}); err == nil {
		t.Error("a broken pattern was taken")
	}
	if f, err := journal.FilterFor("web", []string{"nginx.service"}); err != nil || !f.Bare || f.Units[0] != "nginx.service" {
		t.Errorf("units of one's own: %+v, %v", f, err)
	}
}

// An entry becomes a line of syslog, whatever its message is.
func TestEntry_Line(t *testing.T) {
	const front = "2026-11-22T10:00:00.123456Z mail sshd[4242]: "
	for name, test := range map[string]struct {
		fields []string
		want   string
	}{
		"text":              {nil, front + "a message"},
		"bytes":             {[]string{"MESSAGE", "[97,255,10,98]"}, front + "a\xff\\nb"},
		"a line break":      {[]string{"MESSAGE", `"a\nNov 22 10:00:00 mail sshd[1]: b"`}, front + `a\nNov 22 10:00:00 mail sshd[1]: b`},
		"too long to show":  {[]string{"MESSAGE", "null"}, "none"},
		"no message":        {[]string{"MESSAGE", ""}, "none"},
		"several":           {[]string{"MESSAGE", `["a","b"]`}, "none"},
		"no identifier":     {[]string{"SYSLOG_IDENTIFIER", ""}, front + "a message"},
		"a forged front":    {[]string{"SYSLOG_IDENTIFIER", `"sshd[1]: x"`}, "none"},
		"an identifier []":  {[]string{"SYSLOG_IDENTIFIER", `"sshd[1]"`}, "none"},
		"a host with blank": {[]string{"_HOSTNAME", `"a b"`}, "none"},
		"no host":           {[]string{"_HOSTNAME", ""}, "none"},
		"no pid":            {[]string{"_PID", ""}, "none"},
	} {
		e, err := journal.ParseEntry([]byte(entry("c", test.fields...)))
		if err != nil {
			t.Fatal(err)
		}
		line, ok := e.Line(nil, false)
		if !ok {
			line = []byte("none")
		}
		if string(line) != test.want {
			t.Errorf("%s: %q, want %q", name, line, test.want)
		}
	}
	e, err := journal.ParseEntry([]byte(entry("c", "_PID", "")))
	if err != nil {
		t.Fatal(err)
	}
	if line, ok := e.Line(nil, true); !ok || string(line) != "a message" {
		t.Errorf("bare: %q", line)
	}
}

func TestParseEntry_errors(t *testing.T) {
	for _, text := range []string{"", "x", "[]", `{"__CURSOR":"c"}`, `{"__REALTIME_TIMESTAMP":"1"}`, entry("c", "MESSAGE", "[256]"), entry("c", "__REALTIME_TIMESTAMP", `"soon"`)} {
		if _, err := journal.ParseEntry([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// No bytes make it panic, and no entry becomes two lines.
func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(entry("c")))
	f.Add([]byte(entry("c", "MESSAGE", "[10,10]")))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := journal.ParseEntry(text)
		if err != nil {
			return
		}
		if line, ok := e.Line(nil, false); ok && strings.ContainsRune(string(line), '\n') {
			t.Fatalf("%q became %q", text, line)
		}
	})
}

// program writes a stand-in for journalctl, which shows what it was asked for
// and then does what the script says.
func program(t *testing.T, script string) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "journalctl")
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{name}
}

// Entries come in order, and the end of journalctl is told with its words.
func TestFollow(t *testing.T) {
	filter, err := journal.FilterFor("sshd", nil)
	if err != nil {
		t.Fatal(err)
	}
	options := journal.Options{Filter: filter, After: "begin", Command: program(t,
		`case "$*" in *--after-cursor=begin*--unit=ssh.service*) ;; *) echo "asked for $*" >&2; exit 2 ;; esac
cat <<'EOF'
`+entry("1")+"\n"+entry("2", "_COMM", `"logger"`)+"\n"+entry("3")+`
EOF
echo "Journal file is corrupted" >&2
exit 1
`)}
	var cursors []string
	err = journal.Follow(t.Context(), options, func(e journal.Entry) error {
		cursors = append(cursors, e.Cursor)
		return nil
	})
	if fmt.Sprint(cursors) != "[1 3]" || err == nil || !strings.Contains(err.Error(), "Journal file is corrupted") {
		t.Errorf("%v, %v", cursors, err)
	}
}

// An entry that cannot be read hides none behind it.
func TestFollow_broken(t *testing.T) {
	filter, err := journal.FilterFor("sshd", nil)
	if err != nil {
		t.Fatal(err)
	}
	var cursors []string
	var broken []error
	err = journal.Follow(t.Context(), journal.Options{
		Filter: filter, Broken: func(err error) { broken = append(broken, err) },
		Command: program(t, "cat <<'EOF'\n"+entry("1")+"\n{\"__CURSOR\":\nEOF\nhead -c 17000000 /dev/zero | tr '\\000' x\ncat <<'EOF'\n\n"+entry("2")+"\nEOF\n"),
	}, func(e journal.Entry) error {
		cursors = append(cursors, e.Cursor)
		return nil
	})
	if fmt.Sprint(cursors) != "[1 2]" || len(broken) != 2 || !strings.Contains(broken[1].Error(), "longer than 16 MiB") {
		t.Errorf("%v, broken %v, %v", cursors, broken, err)
	}
}

// It ends with its context and with take, journalctl too.
func TestFollow_ends(t *testing.T) {
	filter, err := journal.FilterFor("sshd", nil)
	if err != nil {
		t.Fatal(err)
	}
	options := journal.Options{Filter: filter, Command: program(t, "echo '"+entry("1")+"'; exec sleep 60\n")}
	full := errors.New("full")
	if err := journal.Follow(t.Context(), options, func(journal.Entry) error { return full }); !errors.Is(err, full) {
		t.Errorf("take's error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = journal.Follow(ctx, options, func(journal.Entry) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	options.Command = []string{"/nonexistent/journalctl"}
	if err := journal.Follow(t.Context(), options, nil); err == nil {
		t.Error("no journalctl, and no error")
	}
}
