package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"penaltybox/deploy/clients"
	"penaltybox/dnsbl"
	"penaltybox/reportapi"
	"penaltybox/scoring"
)

// serveFlags are the flags of serve. The names are those of the configuration
// file too.
type serveFlags struct {
	Config kong.ConfigFlag `help:"Read flags from this YAML file; the command line and the environment come first." placeholder:"FILE" env:"PENALTYBOX_CONFIG"`
	State  string          `help:"Directory of the embedded ledger and the admin key." default:"./penaltybox-data" placeholder:"DIR" env:"PENALTYBOX_STATE"`

	Redis             string `help:"Keep incidents in this Redis or Valkey instead (redis://host:6379/0)." placeholder:"URL" env:"PENALTYBOX_REDIS"`
	RedisFile         string `help:"Read the Redis URL, which may hold a password, from this file." placeholder:"FILE" env:"PENALTYBOX_REDIS_FILE"`
	RedisWaitReplicas int    `help:"Acknowledge a report only when so many replicas have it." placeholder:"N" env:"PENALTYBOX_REDIS_WAIT_REPLICAS"`
	RedisAllowEvict   bool   `help:"Start although Redis may throw incidents away (maxmemory-policy is not noeviction)." env:"PENALTYBOX_REDIS_ALLOW_EVICT"`
	AcceptLedger      bool   `help:"Accept that Redis holds another ledger than this state directory knew, or a new one." env:"PENALTYBOX_ACCEPT_LEDGER"`

	DNSListen []string `name:"dns-listen" help:"Answer DNS (UDP and TCP) on this address; repeatable." default:"127.0.0.1:8053" sep:"none" placeholder:"HOST:PORT" env:"PENALTYBOX_DNS_LISTEN"`
	Zone      []string `help:"Serve this zone: NAME[,threshold=N][,min-organisations=N][,categories=a+b][,codes=a:N+b:N][,txt=\"TEXT\"][,ttl=5m][,negative-ttl=1m][,contact=URL][,mailbox=M][,ns=NAME@ADDR][,allow=PREFIX+PREFIX][,keys-file=FILE][,transfer=PREFIX+PREFIX][,transfer-key=NAME+NAME][,notify=ADDR+ADDR]; repeatable." default:"bl.penaltybox.example" sep:"none" placeholder:"ZONE" env:"PENALTYBOX_ZONE"`
	Contact   string   `help:"Where people look a listing up; ends every TXT record." placeholder:"URL" env:"PENALTYBOX_CONTACT"`
	MaxStale  string   `help:"Answer SERVFAIL when Redis was out of reach for so long; without it, keep answering what is known." placeholder:"DURATION" env:"PENALTYBOX_MAX_STALE"`

	DNSRateLimit        int      `name:"dns-rate-limit" help:"Send at most so many UDP answers a second to each /24 (IPv6 /56) of clients; beyond, they are told to ask over TCP; 0: no limit." default:"0" placeholder:"N" env:"PENALTYBOX_DNS_RATE_LIMIT"`
	DNSTCPPerClient     int      `name:"dns-tcp-per-client" help:"Keep at most so many DNS connections over TCP open for one client." default:"50" placeholder:"N" env:"PENALTYBOX_DNS_TCP_PER_CLIENT"`
	DNSCookieSecretFile string   `name:"dns-cookie-secret-file" help:"Make DNS cookies with the secret in this file (32 hexadecimal digits; a second line is the previous one), which the servers of one address share; without it, with a random one." placeholder:"FILE" env:"PENALTYBOX_DNS_COOKIE_SECRET_FILE"`
	TSIGKeyFile         string   `name:"tsig-key-file" help:"Keys that name servers sign zone transfers with (RFC 8945), one \"name algorithm secret\" a line; a zone's transfer-key names those that count." placeholder:"FILE" env:"PENALTYBOX_TSIG_KEY_FILE"`
	UpdateKey           []string `name:"update-key" help:"Let who signs DNS updates (RFC 2136) with this TSIG key report for this reporter: NAME=REPORTER,kind=KIND[,delete=keep][,rate=N]; repeatable." sep:"none" placeholder:"KEY" env:"PENALTYBOX_UPDATE_KEY"`

	HTTPListen    []string       `name:"http-listen" help:"Serve the report API on this address; repeatable; empty: no API, and with --redis a node that answers DNS alone and needs a fraction of the memory." default:"127.0.0.1:8080" sep:"none" placeholder:"HOST:PORT" env:"PENALTYBOX_HTTP_LISTEN"`
	HTTPInsecure  bool           `name:"http-insecure" help:"Allow HTTP without TLS on an address that others can reach (keys travel in the clear)." env:"PENALTYBOX_HTTP_INSECURE"`
	TLSCert       string         `name:"tls-cert" help:"Certificate chain for HTTPS (PEM); read again on SIGHUP." placeholder:"FILE" env:"PENALTYBOX_TLS_CERT"`
	TLSKey        string         `name:"tls-key" help:"Private key for HTTPS (PEM); read again on SIGHUP." placeholder:"FILE" env:"PENALTYBOX_TLS_KEY"`
	PublicURL     string         `name:"public-url" help:"Address of the API as others reach it, for what is printed and served to them." placeholder:"URL" env:"PENALTYBOX_PUBLIC_URL"`
	TrustedProxy  []netip.Prefix `help:"Believe X-Forwarded-For from this network; repeatable." placeholder:"CIDR" env:"PENALTYBOX_TRUSTED_PROXY"`
	KeyRateLimit  int            `help:"Let each key make so many API requests a minute; 0: no limit." default:"60000" placeholder:"N" env:"PENALTYBOX_KEY_RATE_LIMIT"`
	CORSOrigin    []string       `name:"cors-origin" help:"Let pages of this site (https://forum.example, or * for all) look addresses up in their visitors' browsers; repeatable." sep:"none" placeholder:"ORIGIN" env:"PENALTYBOX_CORS_ORIGIN"`
	MetricsListen string         `help:"Serve /metrics on this address instead of beside the API." placeholder:"HOST:PORT" env:"PENALTYBOX_METRICS_LISTEN"`

	OpsListen string `help:"Serve /healthz, /readyz, /version and /metrics on this address, to anybody, and nothing else; without a host, on 127.0.0.1. /metrics then leaves the API." placeholder:"[HOST]:PORT" env:"PENALTYBOX_OPS_LISTEN"`

	foreignFlags

	LogFormat    string `help:"text or json." enum:"text,json" default:"text" env:"PENALTYBOX_LOG_FORMAT"`
	LogLevel     string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"PENALTYBOX_LOG_LEVEL"`
	LogAddresses string `help:"How much of clients' addresses log lines have, those of queries too: full, prefix (IPv4 /24, IPv6 /56) or none." enum:"full,prefix,none" default:"full" env:"PENALTYBOX_LOG_ADDRESSES"`
	SlowRequest  string `help:"Log HTTP requests that take so long (5s), backups and slow readers of lists too; empty: none." placeholder:"DURATION" env:"PENALTYBOX_SLOW_REQUEST"`
	ReadyFile    string `help:"When everything answers, write the bound addresses to this file as JSON." placeholder:"FILE" env:"PENALTYBOX_READY_FILE"`
}

// settings are the flags, read and checked.
type settings struct {
	serveFlags
	zones       []zoneFlag
	maxStale    time.Duration
	slowRequest time.Duration
	cookies     dnsbl.CookieSecrets
	tsigKeys    []dnsbl.TSIGKey
	foreign     reportapi.Foreign
	updateKeys  []dnsbl.UpdateKey
	queryLines  *slog.Logger               // nil: the log
	processors  int                        // that Go may use; 0: the process is not ours alone
	again       func() (serveFlags, error) // reads the flags again; nil: they stay
}

// check reads the flags and tells every fault at once.
func (f serveFlags) check() (settings, error) {
	s := settings{serveFlags: f}
	s.HTTPListen = slices.DeleteFunc(slices.Clone(f.HTTPListen), func(a string) bool { return a == "" })
	s.DNSListen = slices.DeleteFunc(slices.Clone(f.DNSListen), func(a string) bool { return a == "" })
	var faults []error
	fault := func(err error) { faults = append(faults, err) }
	for _, text := range f.Zone {
		zone, err := parseZoneFlag(text)
		if err != nil {
			fault(err)
			continue
		}
		if err := zone.zone(0, scoring.Rule{Categories: scoring.AllCategories}, f.Contact).Validate(); err != nil {
			fault(err)
		}
		s.zones = append(s.zones, zone)
	}
	if len(f.Zone) == 0 {
		fault(errors.New("zone: none given"))
	}
	if len(s.DNSListen)+len(s.HTTPListen) == 0 {
		fault(errors.New("dns-listen and http-listen: both are empty; there is nothing to serve"))
	}
	for _, address := range slices.Concat(s.DNSListen, s.HTTPListen) {
		if _, _, err := net.SplitHostPort(address); err != nil {
			fault(fmt.Errorf("address %q: want host:port, such as 127.0.0.1:8080", address))
		}
	}
	var err error
	if s.Redis, err = readSecret(f.Redis, f.RedisFile); err != nil {
		fault(fmt.Errorf("redis-file: %w", err))
	}
	if s.dnsOnly() && s.Redis == "" && len(s.DNSListen) > 0 {
		fault(errors.New("http-listen is empty and there is no --redis: nobody could ever report; name the Redis that other nodes report to, or let the API listen on 127.0.0.1:8080"))
	}
	if s.OpsListen, err = opsAddress(f.OpsListen); err != nil {
		fault(err)
	}
	if f.RedisWaitReplicas < 0 {
		fault(fmt.Errorf("redis-wait-replicas %d: negative", f.RedisWaitReplicas))
	}
	if f.KeyRateLimit < 0 {
		fault(fmt.Errorf("key-rate-limit %d: negative", f.KeyRateLimit))
	}
	if f.PublicURL != "" {
		if _, err := clients.NewShelf(f.PublicURL); err != nil {
			fault(fmt.Errorf("public-url: %w", err))
		}
	}
	if err := reportapi.CheckOrigins(f.CORSOrigin); err != nil {
		fault(fmt.Errorf("cors-origin: %w", err))
	}
	if f.MaxStale != "" {
		maxStale, err := scoring.ParseDuration(f.MaxStale)
		if err != nil {
			fault(fmt.Errorf("max-stale: %w", err))
		}
		s.maxStale = time.Duration(maxStale)
	}
	if f.SlowRequest != "" {
		slow, err := scoring.ParseDuration(f.SlowRequest)
		if err != nil {
			fault(fmt.Errorf("slow-request: %w", err))
		}
		s.slowRequest = time.Duration(slow)
	}
	if f.DNSRateLimit < 0 {
		fault(fmt.Errorf("dns-rate-limit %d: negative", f.DNSRateLimit))
	}
	if f.DNSTCPPerClient < 0 {
		fault(fmt.Errorf("dns-tcp-per-client %d: negative", f.DNSTCPPerClient))
	}
	if s.cookies, err = readCookieSecrets(f.DNSCookieSecretFile); err != nil {
		fault(fmt.Errorf("dns-cookie-secret-file: %w", err))
	}
	if s.tsigKeys, err = readTSIGKeys(f.TSIGKeyFile); err != nil {
		fault(fmt.Errorf("tsig-key-file: %w", err))
	} else {
		fault(checkTransferKeys(s.zones, s.tsigKeys, f.TSIGKeyFile))
		fault(s.readUpdateKeys())
	}
	if s.foreign, err = f.foreignFlags.read(); err != nil {
		fault(err)
	}
	fault(s.checkTLS())
	return s, errors.Join(faults...)
}

// opsAddress lets an address without a host be this machine's alone.
func opsAddress(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return "", fmt.Errorf("ops-listen %q: want host:port, or :port for 127.0.0.1", address)
	}
	return net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port), nil
}

func (s settings) checkTLS() error {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("tls-cert and tls-key: give both, or neither")
	}
	if s.TLSCert != "" || s.HTTPInsecure {
		return nil
	}
	for _, address := range s.HTTPListen {
		host, _, err := net.SplitHostPort(address)
		if err != nil || host == "localhost" {
			continue
		}
		if addr, err := netip.ParseAddr(host); err != nil || !addr.IsLoopback() {
			return fmt.Errorf("http-listen %q: others can reach it and there is no TLS, so keys would travel in the clear; give --tls-cert and --tls-key, listen on 127.0.0.1 behind a proxy, or insist with --http-insecure", address)
		}
	}
	return nil
}

// readCookieSecrets reads a file of cookie secrets; without one, a random
// secret will do.
func readCookieSecrets(file string) (dnsbl.CookieSecrets, error) {
	if file == "" {
		return dnsbl.CookieSecrets{}, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return dnsbl.CookieSecrets{}, fmt.Errorf("reading the cookie secret: %w", err)
	}
	secrets, err := dnsbl.ParseCookieSecrets(string(content))
	if err != nil {
		return dnsbl.CookieSecrets{}, fmt.Errorf("%s: %w", file, err)
	}
	return secrets, nil
}

// ledgerFile is where the embedded ledger stands in a state directory.
func ledgerFile(state string) string { return filepath.Join(state, "ledger.db") }

// adminKeyFile is where the first start keeps the admin key.
func adminKeyFile(state string) string { return filepath.Join(state, "admin.key") }

// ledgerIDFile is where a node on Redis keeps which ledger it belongs to.
func ledgerIDFile(state string) string { return filepath.Join(state, "ledger.id") }
