package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"penaltybox/parsers/event"
	"penaltybox/parsers/watch"
)

func noEnv(string) string { return "" }

func TestParseFile(t *testing.T) {
	file, err := watch.ParseFile([]byte(`
server: https://bl.example.org
key_file: /etc/penaltybox-watch.key
ca: /etc/ssl/ours.pem
state: /var/lib/penaltybox-watch
spool_mib: 10
metrics: /var/lib/node/penaltybox.prom
host: web1
skip: [192.0.2.0/24, "2001:db8::1"]
sources:
  - service: sshd
    journal: true
    from: end
  - service: web
    files: [/var/log/nginx/*access.log, /srv/access.log]
    tier: medium
    tz: Europe/Berlin
    host: www
    trusted_proxies: [198.51.100.7]
    traps: [/secret]
    skip: [203.0.113.0/24]
`), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if file.Server.URL != "https://bl.example.org" || file.KeyFile != "/etc/penaltybox-watch.key" || file.Server.CA != "/etc/ssl/ours.pem" ||
		file.State != "/var/lib/penaltybox-watch" || file.Spool != 10<<20 || file.Metrics != "/var/lib/node/penaltybox.prom" || len(file.Sources) != 2 {
		t.Errorf("%+v", file)
	}
	ssh, web := file.Sources[0], file.Sources[1]
	if !ssh.Journal || !ssh.FromEnd || ssh.Host != "web1" || fmt.Sprint(ssh.Skip) != "[192.0.2.0/24 2001:db8::1/128]" {
		t.Errorf("%+v", ssh)
	}
	if web.Tier != event.Medium || web.Zone.String() != "Europe/Berlin" || web.Host != "www" || len(web.Files) != 2 ||
		fmt.Sprint(web.Proxies, web.Traps, web.Skip) != "[198.51.100.7/32] [/secret] [203.0.113.0/24 192.0.2.0/24 2001:db8::1/128]" {
		t.Errorf("%+v", web)
	}
}

// A file of rules adds services; what is wrong in it is told like the rest.
func TestParseFile_rules(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules.yaml")
	const sound = `recognisers: [{name: shop, header: time, rules: [{kind: web.login, tier: hard, message: 'failed from <addr>',
  match: [{line: '2026-11-22T10:00:00Z failed from 203.0.113.66', addr: 203.0.113.66}], ignore: [x]}]}]`
	for text, want := range map[string]string{
		sound:                       "",
		sound + "\ncolour: red":     "line 1: " + name + ":3: colour is unknown",
		"recognisers: [{name: sh}]": `unknown service "shop"`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := watch.ParseFile([]byte("rules: "+name+"\nserver: http://a\nstate: /b\nsources: [{service: shop, files: [/c]}]\n"), noEnv)
		switch {
		case want == "" && (err != nil || len(file.Sources) != 1 || len(file.Sources[0].Own) != 1):
			t.Errorf("%+v, %v", file, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Every fault is told at once, each with its line.
func TestParseFile_faults(t *testing.T) {
	_, err := watch.ParseFile([]byte(`server: bl.example.org
key: pbx_secret
spool_mib: 1
metrics: relative.prom
skip: [192.0.2.0/99]
host: []
sources:
  - service: ftpd
    files: /var/log/auth.log
  - service: sshd
    journal: yes
    journal: true
  - service: sshd
    files: ["/var/log/["]
    tier: odd
    tz: Middle/Earth
    from: middle
    units: [ssh.service]
  - files: [auth.log]
  - service: sshd
    journal: true
    files: [/var/log/auth.log]
  - nonsense
  - service: ssh
    files: [/var/log/auth.log]
  - service: sshd
    files: [/var/log/secure, /var/log/auth.log]
  - service: sshd
    journal: true
    units: [ssh.service]
`), noEnv)
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{
		`line 1: address of the server "bl.example.org"`, "line 2: key is unknown; known are ca, certificate", "line 3: \"1\": want a number from 2",
		`line 4: "relative.prom": want a path`, `line 5: "192.0.2.0/99"`, "line 6: want a text", `line 8: unknown service "ftpd"`,
		"line 9: want a list", "line 11: \"yes\": want true or false", "line 12: journal stands here twice",
		`line 14: "/var/log/["`, `line 15: tier "odd"`, "line 16: unknown time zone Middle/Earth", `line 17: "middle": want start or end`,
		"line 13: units: they go with journal", "line 19: service: name one", `line 19: "auth.log": want a path`, "line 20: files and journal",
		"line 23: want names and values",
		"line 26: /var/log/auth.log is read twice for sshd", "line 28: the journal is read twice for sshd", "line 1: state: name a folder",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the faults do not tell %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestParseFile_noDocument(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "a: [", "server: http://a\n---\nserver: http://b\n", "[]", "text"} {
		if _, err := watch.ParseFile([]byte(text), noEnv); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// No bytes make it panic.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte("server: http://a\nstate: /b\nsources: [{service: sshd, files: [/c]}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if file, err := watch.ParseFile(text, noEnv); err == nil && (file.State == "" || len(file.Sources) == 0) {
			t.Fatalf("%q was taken: %+v", text, file)
		}
	})
}
