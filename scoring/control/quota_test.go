package control_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

// A key's own quotas stand in place of the policy's, and nothing else does.
func TestQuota_Over(t *testing.T) {
	t.Parallel()
	policy := scoring.DefaultGuards()
	policy.ReportsPerMinute, policy.AddressesPerHour, policy.BurstAddresses = 60, 100, 50
	for said, want := range map[string]string{
		"": "60 100 0", "addresses_per_hour=5000": "60 5000 0", "addresses_per_hour=off": "60 0 0", "addresses_per_hour=0": "60 0 0",
		"reports_per_minute=1,listings_per_day=7": "1 100 7", "reports_per_minute=1,reports_per_minute=policy": "60 100 0",
	} {
		var quota control.Quota
		for text := range strings.SplitSeq(said, ",") {
			if name, value, ok := strings.Cut(text, "="); ok {
				if err := quota.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
		}
		g := quota.Over(policy)
		if got := fmt.Sprint(g.ReportsPerMinute, g.AddressesPerHour, g.ListingsPerDay); got != want {
			t.Errorf("%q: %s, want %s", said, got, want)
		}
		g.ReportsPerMinute, g.AddressesPerHour, g.ListingsPerDay = policy.ReportsPerMinute, policy.AddressesPerHour, policy.ListingsPerDay
		if g != policy {
			t.Errorf("%q changed another guard: %+v", said, g)
		}
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestQuota_Set_refused(t *testing.T) {
	t.Parallel()
	for _, said := range [][2]string{
		{"burst_addresses", "5"},
		{"", "5"},
		{"addresses_per_hour", "-1"},
		{"addresses_per_hour", "1000001"},
		{"addresses_per_hour", "many"},
		{"addresses_per_hour", "1.5"},
	} {
		var quota control.Quota
		if err := quota.Set(said[0], said[1]); err == nil || quota != (control.Quota{}) {
			t.Errorf("%s=%s: error %v, quota %s", said[0], said[1], err, quota)
		}
	}
}

// A key of before there were quotas reads as one without, is written as it was,
// and 0 is not the same as nothing.
func TestQuota_record(t *testing.T) {
	t.Parallel()
	var key control.Key
	if err := json.Unmarshal([]byte(`{"id":"ab2cd3ef","reporter":"web1","role":"reporter","hash":"","created":"2026-01-31T00:00:00Z"}`), &key); err != nil {
		t.Fatal(err)
	}
	if key.Quota != (control.Quota{}) || strings.Contains(jsonText(t, key), "per_") {
		t.Errorf("an old key is %s", jsonText(t, key))
	}
	if err := key.Quota.Set("addresses_per_hour", "off"); err != nil {
		t.Fatal(err)
	}
	var again control.Key
	if err := json.Unmarshal([]byte(jsonText(t, key)), &again); err != nil {
		t.Fatal(err)
	}
	if again.Quota.AddressesPerHour == nil || *again.Quota.AddressesPerHour != 0 || again.Quota.String() != "addresses_per_hour=off" {
		t.Errorf("read again as %s", again.Quota)
	}
}

// A rotated key reports as much as the one in whose place it comes.
func TestRotateKey_quota(t *testing.T) {
	t.Parallel()
	d := newDesk(t, newStore())
	d.addReporter(t, "web1", control.RoleReporter)
	order := control.KeyOrder{Reporter: "web1"}
	if err := order.Quota.Set("listings_per_day", "5"); err != nil {
		t.Fatal(err)
	}
	old, _, err := d.AddKey(t.Context(), noon, order)
	if err != nil {
		t.Fatal(err)
	}
	fresh, _, err := d.RotateKey(t.Context(), noon, old.ID, 0)
	if err != nil || fresh.Quota.String() != "listings_per_day=5" {
		t.Errorf("its quota is %q, error %v", fresh.Quota, err)
	}
	*order.Quota.ListingsPerDay = -1
	if _, _, err := d.AddKey(t.Context(), noon, order); err == nil {
		t.Error("a negative quota was taken")
	}
}
