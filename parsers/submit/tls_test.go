package submit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"penaltybox/parsers/submit"
)

// writePEM writes a block to a file and returns its name.
func writePEM(t *testing.T, name, kind string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A server with a certificate of a private authority, which asks for one of
// ours, is reached with both and not without.
func TestClient_Post_tls(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	ours, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(ours)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(parsed)

	b := newBox(t)
	server := httptest.NewUnstartedServer(b)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	server.StartTLS()
	t.Cleanup(server.Close)

	ca := writePEM(t, "ca.pem", "CERTIFICATE", server.Certificate().Raw)
	cert, certKey := writePEM(t, "cert.pem", "CERTIFICATE", ours), writePEM(t, "key.pem", "PRIVATE KEY", der)
	for name, test := range map[string]struct {
		server submit.Server
		works  bool
	}{
		"both":                {submit.Server{CA: ca, Cert: cert, CertKey: certKey}, true},
		"no private CA":       {submit.Server{Cert: cert, CertKey: certKey}, false},
		"no certificate":      {submit.Server{CA: ca}, false},
		"another server's CA": {submit.Server{CA: cert, Cert: cert, CertKey: certKey}, false},
	} {
		test.server.URL, test.server.Key = server.URL, key
		client, err := submit.NewClient(test.server)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Post(t.Context(), rows(0, 1))
		if _, isFault := errors.AsType[*submit.Fault](err); test.works != (err == nil) || !test.works && !isFault {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
	}
}

// The key comes from a file or the environment, and is read anew.
func TestKeyFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	for name, test := range map[string]struct {
		file string
		env  map[string]string
		want string
	}{
		"file":                 {file, nil, "first"},
		"file before the rest": {file, map[string]string{"PENALTYBOX_KEY": "other"}, "first"},
		"environment":          {"", map[string]string{"PENALTYBOX_KEY": " second\n"}, "second"},
		"file in environment":  {"", map[string]string{"PENALTYBOX_KEY_FILE": file}, "first"},
	} {
		read, err := submit.KeyFrom(test.file, env(test.env))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(); err != nil || got != test.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	read, err := submit.KeyFrom(file, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("changed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(); got != "changed" {
		t.Errorf("after a change: %q", got)
	}
	for _, wrong := range []string{"", "/nonexistent", "/dev/null"} {
		if _, err := submit.KeyFrom(wrong, env(nil)); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}
