package scoring

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultPolicy_isValid(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Policy
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if d := diff(p, again); d != "" {
		t.Fatalf("not the same after JSON: %s", d)
	}
}

// Ledgers hold the numbers of kinds and answers carry the codes of categories:
// neither may ever change.
func TestDefaultPolicy_numbersArePinned(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	for i, want := range []string{
		"ssh.maxauth", "ssh.penalty", "ssh.bruteforce", "web.wordpress", "web.exploit", "web.secret", "web.webshell",
		"web.login", "web.probe", "forum.spam", "forum.register", "mail.auth", "mail.relay", "mail.protocol",
		"spam.mail", "hacked.host", "scan.port", "scan.proxy", "dos.flood", "other.manual", "other.ftp", "other.voip",
		"other.dns", "other.trap",
	} {
		kind, ok := p.KindNumbered(KindNumber(i + 1))
		if !ok || kind.Name != want {
			t.Errorf("kind %d is %q, want %q", i+1, kind.Name, want)
		}
	}
	for i, want := range []string{"ssh", "web", "forum", "mail", "spam", "hacked", "scan", "dos", "other"} {
		if got := p.Categories[i]; got != (Category{want, uint8(i + 3)}) {
			t.Errorf("category %d is %v, want %s with the code %d", i, got, want, i+3)
		}
	}
	if len(p.Kinds) != 24 || len(p.Categories) != 9 {
		t.Errorf("%d kinds in %d categories: pin the new ones here", len(p.Kinds), len(p.Categories))
	}
}

func TestPolicy_KindNamed(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	for name, want := range map[string]string{"ssh.penalty": "ssh.penalty", "ssh": "ssh.maxauth", "web": "web.wordpress", "other": "other.ftp"} {
		if kind, ok := p.KindNamed(name); !ok || kind.Name != want {
			t.Errorf("%s is %q", name, kind.Name)
		}
	}
	for _, name := range []string{"", "ssh.", "SSH", "nothing", "ssh.nothing"} {
		if kind, ok := p.KindNamed(name); ok {
			t.Errorf("%q is %q", name, kind.Name)
		}
	}
}

func TestPolicy_TTLOf(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	soft, _ := p.KindNamed("mail.auth")
	hard, _ := p.KindNamed("ssh.maxauth")
	if p.TTLOf(soft) != 72*time.Hour || p.TTLOf(hard) != 720*time.Hour {
		t.Errorf("soft %s, hard %s", p.TTLOf(soft), p.TTLOf(hard))
	}
}

func TestPolicy_CategorySet(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	set, err := p.CategorySet("web", "ssh", "web")
	if err != nil || set != 3 || set.Len() != 2 {
		t.Fatalf("%b, %v", set, err)
	}
	if got := p.CategoriesIn(set); !slices.Equal(got, p.Categories[:2]) {
		t.Errorf("in the set: %v", got)
	}
	if set, err := p.CategorySet(); err != nil || set != AllCategories {
		t.Errorf("no names: %b, %v", set, err)
	}
	if got := p.CategoriesIn(AllCategories); !slices.Equal(got, p.Categories) {
		t.Errorf("in all: %v", got)
	}
	if _, err := p.CategorySet("ssh", "nothing"); err == nil || !strings.Contains(err.Error(), `"nothing"`) || !strings.Contains(err.Error(), "forum") {
		t.Errorf("got %v, want the fault and what is known", err)
	}
}

func TestPolicy_Validate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(p *Policy)
		fault string // none: valid
	}{
		{"least", func(p *Policy) { p.Threshold, p.TTL = 1, Duration(time.Second) }, ""},
		{"most", func(p *Policy) { p.Threshold, p.TTL = MaxThreshold, Duration(MaxTTL) }, ""},
		{"threshold 0", func(p *Policy) { p.Threshold = 0 }, "threshold 0"},
		{"threshold too high", func(p *Policy) { p.Threshold = MaxThreshold + 1 }, "threshold 1000001"},
		{"ttl too short", func(p *Policy) { p.TTL = Duration(time.Second - 1) }, "ttl"},
		{"ttl too long", func(p *Policy) { p.TTL = Duration(MaxTTL + 1) }, "ttl"},
		{"kind ttl too long", func(p *Policy) { p.Kinds[0].TTL = Duration(MaxTTL + 1) }, `kind "ssh.maxauth": ttl`},
		{"kind ttl negative", func(p *Policy) { p.Kinds[0].TTL = -1 }, `kind "ssh.maxauth": ttl`},
		{"kind number 0", func(p *Policy) { p.Kinds[0].Number = 0 }, "number 0"},
		{"kind number too high", func(p *Policy) { p.Kinds[0].Number = MaxKind + 1 }, "number 4096"},
		{"kind number twice", func(p *Policy) { p.Kinds[0].Number = 2 }, "given twice"},
		{"kind name twice", func(p *Policy) { p.Kinds[1].Name = "ssh.maxauth" }, "given twice"},
		{"kind name", func(p *Policy) { p.Kinds[0].Name = "ssh" }, `kind "ssh": want`},
		{"kind name long", func(p *Policy) { p.Kinds[0].Name = "ssh." + strings.Repeat("a", 25) }, "want category.name"},
		{"kind category", func(p *Policy) { p.Kinds[0].Category = "web" }, `category is "web"`},
		{"kind category unknown", func(p *Policy) { p.Kinds[0].Name, p.Kinds[0].Category = "ftp.x", "ftp" }, `category "ftp": unknown`},
		{"code 2", func(p *Policy) { p.Categories[0].Code = 2 }, "code 2"},
		{"code 128", func(p *Policy) { p.Categories[0].Code = 128 }, "code 128"},
		{"code twice", func(p *Policy) { p.Categories[0].Code = 4 }, "given twice"},
		{"category name", func(p *Policy) { p.Categories[0].Name = "SSH" }, `category "SSH"`},
		{"too many categories", func(p *Policy) {
			for i := len(p.Categories); i <= MaxCategories; i++ {
				p.Categories = append(p.Categories, Category{Name: "x" + string(rune('a'+i)), Code: uint8(i + 20)})
			}
		}, "33 of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := DefaultPolicy()
			c.spoil(&p)
			err := p.Validate()
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Fatalf("got %v, want %q", err, c.fault)
			}
		})
	}
	// Every fault is told at once.
	p := DefaultPolicy()
	p.Threshold, p.Kinds[3].Number, p.Categories[1].Code = 0, 0, 200
	err := p.Validate()
	for _, fault := range []string{"threshold 0", "number 0", "code 200"} {
		if err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%v does not tell %q", err, fault)
		}
	}
}

func TestPolicy_Set(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		setting, value string
		check          func(p Policy) bool
	}{
		{"threshold", "80", func(p Policy) bool { return p.Threshold == 80 }},
		{"ttl", "7d", func(p Policy) bool { return time.Duration(p.TTL) == 7*day }},
		{"ssh.maxauth.points", "25", func(p Policy) bool { k, _ := p.KindNamed("ssh.maxauth"); return k.Points == 25 }},
		{"ssh.maxauth.ttl", "90d", func(p Policy) bool { k, _ := p.KindNamed("ssh.maxauth"); return p.TTLOf(k) == 90*day }},
		{"mail.auth.cap", "0", func(p Policy) bool { k, _ := p.KindNamed("mail.auth"); return k.Cap == 0 }},
		{"ssh.code", "99", func(p Policy) bool { return p.Categories[0] == Category{"ssh", 99} }},
		{"ftp.code", "20", func(p Policy) bool { return p.Categories[9] == Category{"ftp", 20} }},
		{"min_organisations", "3", func(p Policy) bool { return p.Organisations() == 3 }},
		{"min_organisations", "1", func(p Policy) bool { return p.Organisations() == 1 }},
		{"reporter_cap", "40", func(p Policy) bool { return p.ReporterCap == 40 }},
		{"reporter_cap", "0", func(p Policy) bool { return p.ReporterCap == 0 }},
		{"duplicate_window", "15m", func(p Policy) bool { return time.Duration(p.DuplicateWindow) == 15*time.Minute }},
		{"addresses_per_hour", "500", func(p Policy) bool { return p.AddressesPerHour == 500 }},
		{"circular_rows", "off", func(p Policy) bool { return p.CircularRows == 0 }},
		{"pause", "0", func(p Policy) bool { return p.Pause == 0 }},
		{"ssh.own-kind.points", "5", func(p Policy) bool {
			k, ok := p.KindNamed("ssh.own-kind")
			return ok && k.Number == FirstOwnKind && k.Points == 5 && k.Category == "ssh"
		}},
	} {
		before := DefaultPolicy()
		after, err := before.Set(c.setting, c.value)
		if err != nil || !c.check(after) {
			t.Errorf("%s=%s: %v", c.setting, c.value, err)
		}
		if d := diff(DefaultPolicy(), before); d != "" {
			t.Errorf("%s=%s changed the policy it was asked of: %s", c.setting, c.value, d)
		}
	}
	for _, c := range []struct{ setting, value, fault string }{
		{"threshold", "0", "threshold 0"},
		{"threshold", "many", "many"},
		{"ttl", "soon", `duration "soon"`},
		{"ttl", "400d", "outside"},
		{"nothing", "1", "unknown; want threshold"},
		{"listings_per_day", "-1", "outside 0..1000000"},
		{"listings_per_day", "few", "want a number up to"},
		{"min_organisations", "0", "want 1 or more"},
		{"min_organisations", "101", "outside 1..100"},
		{"min_organisations", "both", "want a whole number in digits"},
		{"reporter_cap", "-1", "outside 0..1000000"},
		{"duplicate_window", "31d", "outside 1s..30d"},
		{"burst_window", "1ms", "outside 1s..1d"},
		{"ssh.maxauth.points", "70000", "0 to 65535"},
		{"ssh.maxauth.points", "-1", "0 to 65535"},
		{"ssh.maxauth.colour", "1", `"colour" is not a setting`},
		{"ssh.nothing.cap", "1", "set its points first"},
		{"ftp.login.points", "1", `category "ftp": unknown`},
		{"ssh.code", "2", "code 2"},
		{"ssh.code", "300", "3 to 127"},
		{"ssh.code", "4", "twice"},
		{".points", "1", "unknown; want threshold"},
		{"ssh..points", "1", "want category.name"},
	} {
		if _, err := DefaultPolicy().Set(c.setting, c.value); err == nil || !strings.Contains(err.Error(), c.fault) || !strings.Contains(err.Error(), c.setting+"="+c.value) {
			t.Errorf("%s=%s: %v, want %q", c.setting, c.value, err, c.fault)
		}
	}
}

// An operator's kinds get numbers that were not given out, one after another.
func TestPolicy_Set_ownKindsCountUp(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	for i, name := range []string{"ssh.a", "web.b", "ssh.c"} {
		var err error
		if p, err = p.Set(name+".points", "5"); err != nil {
			t.Fatal(err)
		}
		if kind, _ := p.KindNamed(name); kind.Number != FirstOwnKind+KindNumber(i) {
			t.Errorf("%s has the number %d", name, kind.Number)
		}
	}
}

func FuzzPolicy_Set(f *testing.F) {
	f.Add("threshold", "50")
	f.Add("ssh.maxauth.points", "25")
	f.Add("ftp.code", "20")
	f.Fuzz(func(t *testing.T, setting, value string) {
		p, err := DefaultPolicy().Set(setting, value)
		if err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("%s=%s was taken: %v", setting, value, err)
		}
	})
}

func TestRule_Validate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule  Rule
		valid bool
	}{
		{anyFifty(), true},
		{Rule{Categories: 1}, true},
		{Rule{Threshold: MaxThreshold, Categories: 1, MinOrganisations: 1}, true},
		{Rule{Threshold: 50}, false},
		{Rule{Threshold: -1, Categories: 1}, false},
		{Rule{Threshold: MaxThreshold + 1, Categories: 1}, false},
		{Rule{Threshold: 50, Categories: 1, MinOrganisations: MaxOrganisations}, true},
		{Rule{Threshold: 50, Categories: 1, MinOrganisations: MaxOrganisations + 1}, false},
		{Rule{Threshold: 50, Categories: 1, MinOrganisations: -1}, false},
	} {
		if err := c.rule.Validate(); (err == nil) != c.valid {
			t.Errorf("%+v: %v", c.rule, err)
		}
	}
}
