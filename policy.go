package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"penaltybox/scoring"
)

// policyCommand deals with what counts how much.
type policyCommand struct {
	Show showPolicyCommand `cmd:"" help:"Show the policy."`
	Set  setPolicyCommand  `cmd:"" help:"Change settings of the policy."`
	Try  tryPolicyCommand  `cmd:"" help:"Show what a change would list and delist, without making it."`
}

// showPolicyCommand shows the policy.
type showPolicyCommand struct {
	remote
	output
}

// Help implements kong.HelpProvider.
func (showPolicyCommand) Help() string {
	return `When standard output is no terminal, every setting is a line that "policy set"
takes, so that two servers can be compared or made alike:

  penaltybox policy show > policy.txt
  xargs penaltybox policy set --url https://other.example.org < policy.txt`
}

// policyView is the policy as the API shows it.
type policyView struct {
	Version uint64 `json:"version"`
	scoring.Policy
}

// Run asks for the policy.
func (cmd *showPolicyCommand) Run(ctx context.Context, s *streams) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var policy policyView
	answer, err := c.call(ctx, request{path: "/v1/policy"}, &policy)
	if err != nil {
		return fmt.Errorf("asking for the policy: %w", err)
	}
	if !s.outTerminal || cmd.JSON {
		return cmd.show(s, answer, settingsTable(policy.Policy))
	}
	if _, err := fmt.Fprintf(s.out, "threshold %d, points count for %s unless the kind says otherwise%s\n\n", policy.Threshold, policy.TTL, agreementText(policy.Policy)); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if err := kindTable(policy.Policy).print(s.out, true); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.out); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return guardTable(policy.Policy).print(s.out, true)
}

// agreementText says how many must agree, where that is more than one.
func agreementText(policy scoring.Policy) string {
	var text strings.Builder
	if needed := policy.Organisations(); needed > 1 {
		fmt.Fprintf(&text, "\nlisted by %d organisations or more", needed)
	}
	if policy.ReporterCap > 0 {
		fmt.Fprintf(&text, "\nno more than %d points of one reporter count on one address", policy.ReporterCap)
	}
	return text.String()
}

// guardTable tells the guards, and which are off.
func guardTable(policy scoring.Policy) *table {
	t := newTable("GUARD", "SETTING")
	policy.Guards.Each(func(name, value string) {
		if value == "0" || value == "0s" {
			value = "off"
		}
		t.add(name, value)
	})
	return t
}

// settingsTable writes the policy as the settings that make it.
func settingsTable(policy scoring.Policy) *table {
	t := newTable()
	t.add("threshold=" + strconv.Itoa(policy.Threshold))
	t.add("ttl=" + policy.TTL.String())
	t.add("min_organisations=" + strconv.Itoa(policy.Organisations()))
	t.add("reporter_cap=" + strconv.Itoa(policy.ReporterCap))
	policy.Guards.Each(func(name, value string) { t.add(name + "=" + value) })
	t.add("audit_ttl=" + scoring.Duration(policy.AuditKept()).String())
	t.add("note_ttl=" + scoring.Duration(policy.DetailTTL()).String())
	t.add("scrub_notes=" + map[bool]string{true: "on", false: "off"}[policy.ScrubsNotes()])
	t.add("removal=" + string(policy.Removal))
	t.add("removal_cooldown=" + policy.RemovalCooldown.String())
	for _, c := range policy.Categories {
		t.add(fmt.Sprintf("%s.code=%d", c.Name, c.Code))
	}
	for _, k := range policy.Kinds {
		t.add(fmt.Sprintf("%s.points=%d", k.Name, k.Points))
		if k.TTL > 0 {
			t.add(fmt.Sprintf("%s.ttl=%s", k.Name, k.TTL))
		}
		if k.Cap > 0 {
			t.add(fmt.Sprintf("%s.cap=%d", k.Name, k.Cap))
		}
	}
	return t
}

func kindTable(policy scoring.Policy) *table {
	codes := map[string]uint8{}
	for _, c := range policy.Categories {
		codes[c.Name] = c.Code
	}
	t := newTable("KIND", "POINTS", "TTL", "CAP", "CODE", "WHAT")
	for _, k := range policy.Kinds {
		points, limit := "as given", "-"
		if k.Points > 0 {
			points = strconv.Itoa(int(k.Points))
		}
		if k.Cap > 0 {
			limit = strconv.Itoa(int(k.Cap))
		}
		ttl := scoring.Duration(policy.TTLOf(k)).String()
		t.add(k.Name, points, ttl, limit, fmt.Sprintf("127.0.0.%d", codes[k.Category]), dash(k.Help))
	}
	return t
}

// settings are the changes that set and try take.
type policySettings struct {
	Settings []string `arg:"" name:"setting" help:"threshold=N, ttl=30d, min_organisations=N, reporter_cap=N, note_ttl=7d, audit_ttl=400d, scrub_notes=on, removal=moderated, removal_cooldown=7d, KIND.points=N, KIND.ttl=3d, KIND.cap=N, CATEGORY.code=N, or a guard's: ${guards}."`
}

// parse splits the settings and refuses one that is given twice.
func (p policySettings) parse() (map[string]string, error) {
	set := make(map[string]string, len(p.Settings))
	for _, setting := range p.Settings {
		name, value, ok := strings.Cut(setting, "=")
		if !ok || name == "" || value == "" {
			return nil, usagef("setting %q: want NAME=VALUE, such as ssh.maxauth.points=25", setting)
		}
		if _, twice := set[name]; twice {
			return nil, usagef("setting %q: given twice", name)
		}
		set[name] = value
	}
	return set, nil
}

// policyChange is what a changed policy makes of the listings.
type policyChange struct {
	Policy  policyView      `json:"policy"`
	Changes listingsChanged `json:"changes"`
}

// listingsChanged is what comes onto lists and off them.
type listingsChanged struct {
	Listed        []listingChange `json:"listed"`
	Delisted      []listingChange `json:"delisted"`
	ListedTotal   int             `json:"listed_total"`
	DelistedTotal int             `json:"delisted_total"`
}

// listingChange is one prefix that comes onto a zone's list or off it.
type listingChange struct {
	Zone   string `json:"zone"`
	Prefix string `json:"prefix"`
}

// setPolicyCommand changes the policy.
type setPolicyCommand struct {
	remote
	output
	policySettings
}

// Help implements kong.HelpProvider.
func (setPolicyCommand) Help() string {
	return `Holds at once on every node of the ledger, for reports to come (points, TTL) and
for what is already there (threshold, min_organisations, reporter_cap, cap, code).
Look at it first with "policy try".

  penaltybox policy set ssh.maxauth.points=25
  penaltybox policy set threshold=60 web.login.cap=30
  penaltybox policy set min_organisations=2 reporter_cap=40
  penaltybox policy set other.pager.points=15     # a kind of your own
  penaltybox policy set duplicate_window=15m burst_listings=100`
}

// Run changes the policy.
func (cmd *setPolicyCommand) Run(ctx context.Context, s *streams) error {
	change, answer, err := changePolicy(ctx, cmd.remote, cmd.policySettings, nil)
	if err != nil {
		return err
	}
	return change.Changes.print(s, cmd.output, answer, "listed", "delisted")
}

// tryPolicyCommand previews a change of the policy.
type tryPolicyCommand struct {
	remote
	output
	policySettings
}

// Help implements kong.HelpProvider.
func (tryPolicyCommand) Help() string {
	return `  penaltybox policy try threshold=40
  penaltybox policy try web.login.cap=20 threshold=60`
}

// Run previews the change.
func (cmd *tryPolicyCommand) Run(ctx context.Context, s *streams) error {
	change, answer, err := changePolicy(ctx, cmd.remote, cmd.policySettings, url.Values{"dry_run": {"1"}})
	if err != nil {
		return err
	}
	return change.Changes.print(s, cmd.output, answer, "would be listed", "would be delisted")
}

func changePolicy(ctx context.Context, r remote, settings policySettings, query url.Values) (policyChange, json.RawMessage, error) {
	var change policyChange
	set, err := settings.parse()
	if err != nil {
		return change, nil, err
	}
	c, err := r.dial()
	if err != nil {
		return change, nil, err
	}
	body := map[string]any{"set": set}
	answer, err := c.call(ctx, request{method: http.MethodPatch, path: "/v1/policy", query: query, body: body}, &change)
	if err != nil {
		return change, nil, fmt.Errorf("changing the policy: %w", err)
	}
	return change, answer, nil
}

// print shows which prefixes change, and to a person how many in all.
func (ch listingsChanged) print(s *streams, o output, answer json.RawMessage, listed, delisted string) error {
	t := newTable("CHANGE", "ZONE", "PREFIX")
	for _, c := range ch.Listed {
		t.add(listed, c.Zone, c.Prefix)
	}
	for _, c := range ch.Delisted {
		t.add(delisted, c.Zone, c.Prefix)
	}
	return o.show(s, answer, t, fmt.Sprintf("%d %s, %d %s", ch.ListedTotal, listed, ch.DelistedTotal, delisted))
}
