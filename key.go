package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// keyCommand deals with API keys.
type keyCommand struct {
	Add    addKeyCommand    `cmd:"" help:"Make another key for a reporter."`
	List   listKeysCommand  `cmd:"" help:"List keys, without their secrets."`
	Set    setKeyCommand    `cmd:"" help:"Change until when, from where and for what a key is good, and how much it may report."`
	Rotate rotateKeyCommand `cmd:"" help:"Make a key anew; the old one is good for a while yet."`
	Revoke revokeKeyCommand `cmd:"" help:"End a key at once."`
	Pause  pauseKeyCommand  `cmd:"" help:"Take no reports with a key for a while."`
	Resume resumeKeyCommand `cmd:"" help:"End the pause of a key."`
}

// stopped is the choice to open the ledger itself instead of asking a server.
type stopped struct {
	Offline bool   `help:"Open the ledger of a stopped server in --state instead of asking a server: for a lost admin key." group:"Server"`
	Redis   string `help:"With --offline: the ledger is in this Redis." env:"PENALTYBOX_REDIS" placeholder:"URL" group:"Server"`
}

// with opens the ledger, does something with it and closes it.
func (st stopped) with(ctx context.Context, state string, do func(*offline) error) (err error) {
	ledger, err := openOffline(ctx, state, st.Redis)
	if errors.Is(err, scoring.ErrRunning) {
		return withHint(err, "a server is running on this state: stop it, or leave --offline out")
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	return do(ledger)
}

// addKeyCommand makes a key.
type addKeyCommand struct {
	remote
	stopped
	output
	Reporter string `arg:"" help:"Name of the reporter that the key is for."`
	Role     string `help:"Less than the reporter's own role: checker, reader, reporter, moderator or admin." placeholder:"ROLE"`
	narrowed
	quotas
	Label string   `help:"What the key is for." placeholder:"TEXT"`
	TTL   lifetime `name:"ttl" help:"How long the key is good for (90d); for ever unless given." placeholder:"TIME"`
}

// Help implements kong.HelpProvider.
func (addKeyCommand) Help() string {
	return `The key is shown this once; the server keeps only its hash. When standard output
is no terminal, the key is all that is printed.

  penaltybox key add web1 --label "new disk" --ttl 365d
  penaltybox key add web1 --scope report,bulk --source 192.0.2.0/24
  penaltybox key add mx1 --quota addresses_per_hour=5000,listings_per_day=off
  penaltybox key add admin --offline --state /var/lib/penaltybox   # lost the admin key`
}

// narrowed says what a key may do less than its reporter.
type narrowed struct {
	Scopes  []string `name:"scope" help:"All that the key may: some of check, read, report, bulk (many reports in a request), range, manual, delist, admin. Without it, what the role may, which is never range for a reporter." placeholder:"SCOPE"`
	Sources []string `name:"source" help:"The key is taken from this network or address alone; may be given again." placeholder:"PREFIX"`
}

// read checks the scopes and sources.
func (n narrowed) read() (control.Scopes, []netip.Prefix, error) {
	scopes, err := control.ParseScopes(n.Scopes...)
	if err != nil {
		return 0, nil, usageError{err}
	}
	sources, err := control.ParseSources(n.Sources...)
	if err != nil {
		return 0, nil, usageError{err}
	}
	return scopes, sources, nil
}

// keyOrder asks the API for a key.
type keyOrder struct {
	Reporter string `json:"reporter"`
	Role     string `json:"role,omitempty"`
	Label    string `json:"label,omitempty"`
	TTL      string `json:"ttl,omitempty"`

	Scopes  control.Scopes `json:"scopes,omitzero"`
	Sources []netip.Prefix `json:"sources,omitempty"`
	quotaTexts
}

// madeKey is a new key with the secret that is told once.
type madeKey struct {
	keyView
	Token string `json:"key"`
}

// keyView is a key as the API shows it.
type keyView struct {
	ID       string       `json:"id"`
	Reporter string       `json:"reporter"`
	Role     control.Role `json:"role"`
	Label    string       `json:"label,omitempty"`
	Created  time.Time    `json:"created"`
	Expires  time.Time    `json:"expires,omitzero"`
	Revoked  time.Time    `json:"revoked,omitzero"`

	Scopes  control.Scopes `json:"scopes,omitzero"`
	Sources []netip.Prefix `json:"sources,omitempty"`
	Paused  control.Pause  `json:"paused,omitzero"`
	control.Quota

	LastUsed time.Time    `json:"last_used,omitzero"`
	LastFrom netip.Prefix `json:"last_from,omitzero"`
}

func viewKey(k control.Key) keyView {
	return keyView{
		ID: k.ID, Reporter: k.Reporter, Role: k.Role, Label: k.Label, Created: k.Created, Expires: k.Expires, Revoked: k.Revoked,
		Scopes: k.Scopes, Sources: k.Sources, Paused: k.Paused, Quota: k.Quota,
	}
}

// Run makes the key.
func (cmd *addKeyCommand) Run(ctx context.Context, s *streams) error {
	if _, err := control.ParseRole(cmd.Role); cmd.Role != "" && err != nil {
		return usageError{err}
	}
	scopes, sources, err := cmd.read()
	if err != nil {
		return err
	}
	quota, err := cmd.texts()
	if err != nil {
		return err
	}
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error { return cmd.addOffline(ctx, s, ledger, scopes, sources, quota) })
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	made, answer, err := makeKey(ctx, c, keyOrder{cmd.Reporter, cmd.Role, cmd.Label, cmd.TTL.String(), scopes, sources, quota})
	if err != nil {
		return fmt.Errorf("adding a key for %s: %w", cmd.Reporter, err)
	}
	if cmd.JSON {
		return s.printJSON(answer)
	}
	return made.print(s, cmd.URL)
}

func (cmd *addKeyCommand) addOffline(ctx context.Context, s *streams, ledger *offline, scopes control.Scopes, sources []netip.Prefix, quota quotaTexts) error {
	now := s.now()
	var expires time.Time
	if cmd.TTL > 0 {
		expires = now.Add(time.Duration(cmd.TTL)).UTC().Truncate(time.Second)
	}
	order := control.KeyOrder{
		Reporter: cmd.Reporter, Role: control.Role(cmd.Role), Label: cmd.Label, Expires: expires, Scopes: scopes, Sources: sources,
	}
	quota.apply(&order.Quota)
	key, token, err := ledger.Registrar.AddKey(ctx, now, order)
	if err != nil {
		return fmt.Errorf("adding a key for %s: %w", cmd.Reporter, err)
	}
	made := madeKey{viewKey(key), token}
	if cmd.JSON {
		return s.printJSON(made)
	}
	return made.print(s, cmd.URL)
}

// makeKey orders a key from the server.
func makeKey(ctx context.Context, c *client, order keyOrder) (madeKey, json.RawMessage, error) {
	var made madeKey
	answer, err := c.call(ctx, request{method: http.MethodPost, path: "/v1/keys", body: order}, &made)
	if err == nil && made.Token == "" {
		err = errors.New("the server told no key")
	}
	return made, answer, err
}

// print shows the secret: to a person with what to do next, to a program alone.
func (k madeKey) print(s *streams, server string) error {
	var err error
	if s.outTerminal {
		_, err = fmt.Fprintf(s.out, `Key %s of %s (%s), shown this once:

    %s

On the machine that is to use it:

    curl -H "Authorization: Bearer %s" -d ip=203.0.113.7 -d kind=ssh.maxauth %s/v1/incidents
`, k.ID, k.Reporter, k.Role, k.Token, k.Token, server)
	} else {
		_, err = fmt.Fprintln(s.out, k.Token)
	}
	if err != nil {
		err = fmt.Errorf("printing the key: %w", err)
		return withHint(err, "nobody has seen it: penaltybox key revoke %s", k.ID)
	}
	return nil
}

// listKeysCommand lists keys.
type listKeysCommand struct {
	remote
	stopped
	output
	Reporter string `help:"Only the keys of this reporter." placeholder:"NAME"`
}

// Run asks for the keys.
func (cmd *listKeysCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error { return cmd.listOffline(s, ledger.Book) })
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	query := url.Values{}
	if cmd.Reporter != "" {
		query.Set("reporter", cmd.Reporter)
	}
	var list struct {
		Keys []keyView `json:"keys"`
	}
	answer, err := c.call(ctx, request{path: "/v1/keys", query: query}, &list)
	if err != nil {
		return fmt.Errorf("listing keys: %w", err)
	}
	return cmd.show(s, answer, keyTable(s.now(), list.Keys...))
}

func (cmd *listKeysCommand) listOffline(s *streams, book *control.Book) error {
	views := []keyView{}
	for _, k := range book.Keys() {
		if cmd.Reporter == "" || k.Reporter == cmd.Reporter {
			view, used := viewKey(k), book.LastUse(k.ID)
			view.LastUsed, view.LastFrom = used.At, used.Prefix
			views = append(views, view)
		}
	}
	if cmd.JSON {
		return s.printJSON(map[string][]keyView{"keys": views})
	}
	return keyTable(s.now(), views...).print(s.out, s.outTerminal)
}

func keyTable(now time.Time, keys ...keyView) *table {
	t := newTable("ID", "REPORTER", "ROLE", "STATE", "CREATED", "ENDS", "USED", "USED FROM", "MAY", "FROM", "QUOTA", "LABEL", "PAUSED")
	for _, k := range keys {
		state, ends := "good", k.Expires
		switch {
		case !k.Revoked.IsZero():
			state, ends = "revoked", k.Revoked
		case !k.Expires.IsZero() && !k.Expires.After(now):
			state = "expired"
		case k.Paused.Holds(now):
			state = "paused"
		}
		t.add(k.ID, k.Reporter, string(k.Role), state, moment(k.Created), moment(ends), moment(k.LastUsed), prefixText(k.LastFrom), dash(k.Scopes.String()), dash(joined(k.Sources)), dash(k.Quota.String()), dash(k.Label), pauseText(k.Paused, now))
	}
	return t
}

// joined writes networks with commas between.
func joined(prefixes []netip.Prefix) string {
	var texts []string
	for _, p := range prefixes {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ",")
}

// revokeKeyCommand ends a key.
type revokeKeyCommand struct {
	remote
	stopped
	output
	ID string `arg:"" name:"id" help:"The key's id: the eight characters after pbx_ in the key."`
}

// Help implements kong.HelpProvider.
func (revokeKeyCommand) Help() string {
	return `  penaltybox key list --reporter web1
  penaltybox key revoke k3v7q2ma`
}

// Run revokes the key.
func (cmd *revokeKeyCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline {
		return cmd.with(ctx, cmd.State, func(ledger *offline) error { return cmd.revokeOffline(ctx, s, ledger) })
	}
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	var key keyView
	answer, err := c.call(ctx, request{method: http.MethodDelete, path: "/v1/keys/" + url.PathEscape(cmd.ID)}, &key)
	if err != nil {
		return fmt.Errorf("revoking key %s: %w", cmd.ID, err)
	}
	return cmd.show(s, answer, keyTable(s.now(), key))
}

func (cmd *revokeKeyCommand) revokeOffline(ctx context.Context, s *streams, ledger *offline) error {
	known := slices.ContainsFunc(ledger.Book.Keys(), func(k control.Key) bool { return k.ID == cmd.ID })
	if !known {
		return withHint(fmt.Errorf("revoking key %s: %w", cmd.ID, scoring.ErrNotFound), "see: penaltybox key list --offline")
	}
	key, err := ledger.Registrar.RevokeKey(ctx, s.now(), cmd.ID)
	if err != nil {
		return fmt.Errorf("revoking key %s: %w", cmd.ID, err)
	}
	if cmd.JSON {
		return s.printJSON(viewKey(key))
	}
	return keyTable(s.now(), viewKey(key)).print(s.out, s.outTerminal)
}
