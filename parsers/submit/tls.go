package submit

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// tls reads the certificates.
func (s Server) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates to trust: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading the certificates to trust: %s holds none in PEM form", s.CA)
		}
	}
	if (s.Cert == "") != (s.CertKey == "") {
		return nil, errors.New("a certificate of our own goes with its key: give both or none")
	}
	if s.Cert != "" {
		// Read for each handshake, so that a renewed one needs no restart.
		load := func() (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(s.Cert, s.CertKey)
			if err != nil {
				return nil, fmt.Errorf("reading our certificate: %w", err)
			}
			return &pair, nil
		}
		if _, err := load(); err != nil {
			return nil, err
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return config, nil
}

// hintOf says what to do about a failed connection.
func hintOf(err error) string {
	unknown, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the server running there?"
	case isUnknown && unknown.Cert != nil:
		return "if the server's certificate is of your own authority, give that with --ca"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server speaks plain HTTP: write http:// instead of https://"
	}
	return ""
}
