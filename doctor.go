package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"penaltybox/dnsbl/doctor"
)

// clockTolerance is how far the server's clock and ours may be apart, to be
// called the same.
const clockTolerance = time.Minute

// doctorCommand finds out why DNS does not do what it should.
type doctorCommand struct {
	remote
	output
	Resolver   string        `help:"Ask this resolver instead of those in /etc/resolv.conf." placeholder:"ADDRESS[:PORT]"`
	Server     string        `help:"Ask the list's server here, too, instead of where the resolver finds it." placeholder:"ADDRESS[:PORT]"`
	Zone       string        `help:"The list; with access keys, KEY.NAME." default:"bl.penaltybox.example" env:"PENALTYBOX_ZONE" placeholder:"NAME"`
	ResolvConf string        `help:"Where the system's resolvers stand." default:"/etc/resolv.conf" placeholder:"FILE" hidden:""`
	DNSTimeout time.Duration `name:"dns-timeout" help:"Give up on a DNS answer after so long." default:"3s"`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Asks for what every list must answer, at its server and through the resolver that
mail servers on this machine use, and says what is wrong and what to do about it.
With a key at hand it asks for a listed address too. It changes nothing.

  penaltybox doctor --zone bl.example.org
  penaltybox doctor --server 127.0.0.1:8053 --resolver 192.0.2.53
  penaltybox doctor --json | jq -r '.findings[] | select(.level == "problem")'

The exit code is 0 if all is well, 1 if something is not.`
}

// Run examines, prints the findings and tells by the exit code.
func (cmd *doctorCommand) Run(ctx context.Context, s *streams) error {
	config, err := cmd.config()
	if err != nil {
		return err
	}
	api := cmd.askAPI(ctx, s.now, config.Zone)
	config.Listed = api.listed
	findings, err := doctor.Examine(ctx, config)
	if err != nil {
		return usageError{err}
	}
	findings = slices.Concat(api.findings, findings)
	if err := cmd.print(s, config.Zone, findings); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.Level == doctor.Problem }) {
		return exitError{code: exitFailure}
	}
	return nil
}

// config reads the flags.
func (cmd *doctorCommand) config() (doctor.Config, error) {
	zone, _, _ := strings.Cut(cmd.Zone, ",") // as serve takes it
	config := doctor.Config{Zone: zone, Timeout: cmd.DNSTimeout}
	var err error
	if cmd.DNSTimeout <= 0 {
		return config, usagef("dns-timeout %s: want more than 0", cmd.DNSTimeout)
	}
	if cmd.Server != "" {
		if config.Server, err = parseDNSAddr(cmd.Server); err != nil {
			return config, usagef("server %q: want an address such as 127.0.0.1:8053", cmd.Server)
		}
	}
	if cmd.Resolver != "" {
		resolver, err := parseDNSAddr(cmd.Resolver)
		if err != nil {
			return config, usagef("resolver %q: want an address such as 192.0.2.53", cmd.Resolver)
		}
		config.Resolvers = []netip.AddrPort{resolver}
		return config, nil
	}
	if config.Resolvers, err = doctor.SystemResolvers(cmd.ResolvConf); err != nil {
		return config, withHint(err, "name one with --resolver")
	}
	return config, nil
}

// parseDNSAddr reads an address with or without a port.
func parseDNSAddr(text string) (netip.AddrPort, error) {
	const dnsPort = 53
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(addr, dnsPort), nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("reading an address: %w", err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("reading an address: port %q", port)
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("reading an address: %w", err)
	}
	return netip.AddrPortFrom(addr, uint16(number)), nil
}

// print shows the findings, each problem with its remedy.
func (cmd *doctorCommand) print(s *streams, zone string, findings []doctor.Finding) error {
	if cmd.JSON {
		return s.printJSON(map[string]any{"zone": zone, "findings": findings})
	}
	for _, f := range findings {
		var err error
		if s.outTerminal {
			_, err = fmt.Fprintf(s.out, "%-8s %s: %s\n", f.Level, f.Where, printableCell(f.What))
			if f.Hint != "" && err == nil {
				_, err = fmt.Fprintf(s.out, "         → %s\n", printableCell(f.Hint))
			}
		} else {
			_, err = fmt.Fprintf(s.out, "%s\t%s\t%s\t%s\n", f.Level, f.Where, printableCell(f.What), dash(printableCell(f.Hint)))
		}
		if err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

// apiView is what the API tells for the examination.
type apiView struct {
	listed   netip.Addr // invalid: nothing, or not told
	findings []doctor.Finding
}

// askAPI asks for a listed address and how the server stands, if there is a
// key. What it cannot tell is a note: DNS can be examined without.
func (cmd *doctorCommand) askAPI(ctx context.Context, now func() time.Time, zone string) (view apiView) {
	find := func(level doctor.Level, what, hint string) {
		view.findings = append(view.findings, doctor.Finding{Level: level, Where: "API " + cmd.URL, What: what, Hint: hint})
	}
	c, err := cmd.dial()
	if err != nil || c.key == "" {
		find(doctor.Note, "not asked for a listed address: there is no key for it", "")
		return view
	}
	response, err := c.open(ctx, request{path: "/readyz", also: http.StatusServiceUnavailable})
	if err != nil {
		find(doctor.Note, "not asked for a listed address: "+err.Error(), "")
		return view
	}
	defer response.Body.Close()
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		if apart := date.Sub(now()); apart.Abs() > clockTolerance {
			find(doctor.Problem, fmt.Sprintf("its clock is %s apart from this machine's", apart.Abs().Truncate(time.Second)), "set both by NTP: listings end by the clock")
		}
	}
	var ready struct {
		Ready  bool   `json:"ready"`
		Ledger string `json:"ledger"`
	}
	if json.NewDecoder(response.Body).Decode(&ready) == nil && ready.Ledger != "ok" {
		find(doctor.Problem, fmt.Sprintf("ready: %t, ledger: %s", ready.Ready, ready.Ledger), "see the server's log")
	}
	view.findings = append(view.findings, clocksAhead(ctx, c, now())...)
	if view.listed, err = firstListed(ctx, c, zone); err != nil {
		find(doctor.Note, "has no list for this zone: "+err.Error(), "")
	}
	return view
}

// firstListed returns an address on a zone's list; none is invalid.
func firstListed(ctx context.Context, c *client, zone string) (netip.Addr, error) {
	response, err := c.open(ctx, request{path: "/v1/blocklist", query: url.Values{"zone": {zone}, "format": {"plain"}}, accept: "text/plain"})
	if err != nil {
		return netip.Addr{}, err
	}
	defer response.Body.Close()
	line, _ := bufio.NewReader(response.Body).ReadString('\n') // an empty list has none
	line = strings.TrimSpace(line)
	if prefix, err := netip.ParsePrefix(line); err == nil {
		return prefix.Addr(), nil
	}
	addr, _ := netip.ParseAddr(line)
	return addr, nil
}
