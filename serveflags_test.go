package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeFlags_check_faults(t *testing.T) {
	good := func() serveFlags {
		return serveFlags{
			Zone: []string{"bl.example.org"}, DNSListen: []string{"127.0.0.1:0"}, HTTPListen: []string{"127.0.0.1:0"},
		}
	}
	tsigFile := filepath.Join(t.TempDir(), "tsig.keys")
	if err := os.WriteFile(tsigFile, []byte("b.example hmac-sha256 MDEyMzQ1Njc4OWFiY2RlZg==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := good().check(); err != nil {
		t.Fatalf("good flags: %v", err)
	}
	for name, test := range map[string]struct {
		spoil func(*serveFlags)
		want  []string
	}{
		"two malformed zones are both told": {
			func(f *serveFlags) { f.Zone = []string{"-bad-,threshold=5", "bl.example,threshold=0"} },
			[]string{`label "-bad-"`, "is not a number from 1"},
		},
		"open to others without TLS": {
			func(f *serveFlags) { f.HTTPListen = []string{"0.0.0.0:8080"} },
			[]string{"keys would travel in the clear", "--tls-cert", "--http-insecure"},
		},
		"a host name may be anywhere": {
			func(f *serveFlags) { f.HTTPListen = []string{"box.example.org:8080"} },
			[]string{"keys would travel in the clear"},
		},
		"negative limits": {
			func(f *serveFlags) { f.DNSRateLimit, f.DNSTCPPerClient = -1, -2 },
			[]string{"dns-rate-limit -1", "dns-tcp-per-client -2"},
		},
		"no cookie secret": {
			func(f *serveFlags) { f.DNSCookieSecretFile = "/no/such" },
			[]string{"dns-cookie-secret-file: reading the cookie secret: open /no/such"},
		},
		"half a certificate":    {func(f *serveFlags) { f.TLSCert = "cert.pem" }, []string{"give both, or neither"}},
		"nobody could report":   {func(f *serveFlags) { f.HTTPListen = []string{""} }, []string{"nobody could ever report", "--redis"}},
		"no port for operators": {func(f *serveFlags) { f.OpsListen = "127.0.0.1" }, []string{`ops-listen "127.0.0.1"`, "want host:port"}},
		"nothing to serve":      {func(f *serveFlags) { f.DNSListen, f.HTTPListen = []string{""}, []string{""} }, []string{"nothing to serve"}},
		"an address, no port":   {func(f *serveFlags) { f.DNSListen = []string{"127.0.0.1"} }, []string{"want host:port"}},
		"a duration of nothing": {func(f *serveFlags) { f.MaxStale = "soon" }, []string{`max-stale: duration "soon"`}},
		"update keys of every fault": {
			func(f *serveFlags) {
				f.UpdateKey = []string{"web1", "a.example=web1", "a.example=web1,kind=ssh,delete=perhaps,rate=0,x=y"}
			},
			[]string{`update-key "web1": begins without`, "kind: missing", `delete "perhaps"`, `rate "0"`, `"x=y" is not`},
		},
		"an update key without its secret": {
			func(f *serveFlags) { f.UpdateKey = []string{"a.example=web1,kind=ssh"} },
			[]string{"update-key a.example: give --tsig-key-file"},
		},
		"an update key that the file lacks": {
			func(f *serveFlags) {
				f.TSIGKeyFile = tsigFile
				f.UpdateKey = []string{"c.example=web1,kind=ssh", "b.example=web1,kind=ssh", "B.Example.=web2,kind=ssh"}
			},
			[]string{"update-key c.example: " + tsigFile + " does not have it", "update-key B.Example.: given twice"},
		},
		"updates where nobody can report": {
			func(f *serveFlags) {
				f.TSIGKeyFile, f.UpdateKey = tsigFile, []string{"b.example=web1,kind=ssh"}
				f.HTTPListen, f.Redis = []string{""}, "redis://127.0.0.1/"
			},
			[]string{"needs both dns-listen and http-listen"},
		},
		"negative ttl too long": {func(f *serveFlags) { f.Zone = []string{"bl.example,negative-ttl=1h"} }, []string{"negative ttl"}},
	} {
		t.Run(name, func(t *testing.T) {
			flags := good()
			test.spoil(&flags)
			_, err := flags.check()
			if err == nil {
				t.Fatal("taken")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestServeFlags_check_insecureWhenAsked(t *testing.T) {
	flags := serveFlags{Zone: []string{"bl.example"}, HTTPListen: []string{"0.0.0.0:80"}, HTTPInsecure: true}
	if _, err := flags.check(); err != nil {
		t.Error(err)
	}
}

func TestServeFlags_check_secretByFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("redis://:secret@127.0.0.1:6379/0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := serveFlags{Zone: []string{"bl.example"}, DNSListen: []string{"127.0.0.1:0"}, RedisFile: file}.check()
	if err != nil {
		t.Fatal(err)
	}
	if settings.Redis != "redis://:secret@127.0.0.1:6379/0" {
		t.Errorf("redis = %q", settings.Redis)
	}
}
