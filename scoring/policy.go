package scoring

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultThreshold lists an address at 50 points.
	DefaultThreshold = 50
	// DefaultTTL is how long points count unless a kind or report says
	// otherwise.
	DefaultTTL = 30 * day
	// MaxTTL is the longest that points may count.
	MaxTTL = 366 * day
	// MaxThreshold bounds thresholds of policies and rules.
	MaxThreshold = 1_000_000
	// DefaultNoteTTL is how long ledgers keep what only people need of an
	// incident.
	DefaultNoteTTL = 7 * day
	// DefaultAuditTTL is how long the audit tells of a change: a year and some
	// to spare.
	DefaultAuditTTL = 400 * day
	// maxAuditTTL bounds what a policy may say.
	maxAuditTTL = 3660 * day
)

// Policy is what a ledger's operator decided: the default threshold, the
// default TTL, the categories, the kinds, how many must agree and the guards. It
// lives in the ledger, so every node agrees on it.
type Policy struct {
	Threshold int      `json:"threshold"`
	TTL       Duration `json:"ttl"`
	// MinOrganisations is how many organisations must have reported what
	// counts before an address is listed, unless a rule says otherwise. 0
	// stands for 1.
	MinOrganisations int `json:"min_organisations,omitempty"`
	// ReporterCap bounds what all incidents of one reporter count together on
	// one address; 0: no cap.
	ReporterCap int `json:"reporter_cap,omitempty"`

	Categories []Category `json:"categories"`
	Kinds      []Kind     `json:"kinds"`
	Guards
	// NoteTTL is how long an incident's detail is kept, from when it was
	// reported: the note, the time of observation and the address beyond what
	// is scored. It goes with the incident if that is earlier.
	NoteTTL Duration `json:"note_ttl,omitempty"`
	// ScrubNotes: notes are rid of names and credentials before they are
	// kept; nil: they are.
	ScrubNotes *bool `json:"scrub_notes,omitempty"`
	// AuditTTL is how long events of the audit are kept; 0: [DefaultAuditTTL].
	AuditTTL Duration `json:"audit_ttl,omitempty"`
	// What becomes of requests for removal.
	Removal         RemovalMode `json:"removal,omitempty"`
	RemovalCooldown Duration    `json:"removal_cooldown,omitempty"`
}

// DefaultPolicy returns the policy that a new ledger starts with.
func DefaultPolicy() Policy {
	return Policy{
		Threshold:  DefaultThreshold,
		TTL:        Duration(DefaultTTL),
		Categories: builtinCategories(),
		Kinds:      builtinKinds(),
		Guards:     DefaultGuards(),
		NoteTTL:    Duration(DefaultNoteTTL),
		ScrubNotes: new(true),

		Removal:         RemovalModerated,
		RemovalCooldown: Duration(DefaultRemovalCooldown),
	}
}

// KindNamed finds a kind by its name, or by its category's name alone, which
// means the category's first kind.
func (p Policy) KindNamed(name string) (Kind, bool) {
	i := slices.IndexFunc(p.Kinds, func(k Kind) bool { return k.Name == name || k.Category == name })
	if i < 0 {
		return Kind{}, false
	}
	return p.Kinds[i], true
}

// KindNumbered finds a kind by its number.
func (p Policy) KindNumbered(n KindNumber) (Kind, bool) {
	i := slices.IndexFunc(p.Kinds, func(k Kind) bool { return k.Number == n })
	if i < 0 {
		return Kind{}, false
	}
	return p.Kinds[i], true
}

// KindNames returns the names of all kinds, in the policy's order.
func (p Policy) KindNames() []string {
	names := make([]string, len(p.Kinds))
	for i, k := range p.Kinds {
		names[i] = k.Name
	}
	return names
}

// TTLOf returns how long points of a kind count by default.
func (p Policy) TTLOf(k Kind) time.Duration {
	if k.TTL > 0 {
		return time.Duration(k.TTL)
	}
	return time.Duration(p.TTL)
}

// Organisations returns how many organisations must have reported, at least 1.
func (p Policy) Organisations() int { return max(1, p.MinOrganisations) }

// AuditKept returns how long events of the audit are kept.
func (p Policy) AuditKept() time.Duration {
	if p.AuditTTL == 0 {
		return DefaultAuditTTL
	}
	return time.Duration(p.AuditTTL)
}

// CategorySet returns the set of the named categories; no names mean all.
func (p Policy) CategorySet(names ...string) (CategorySet, error) {
	if len(names) == 0 {
		return AllCategories, nil
	}
	var set CategorySet
	for _, name := range names {
		i := slices.IndexFunc(p.Categories, func(c Category) bool { return c.Name == name })
		if i < 0 {
			return 0, fmt.Errorf("category %q: unknown; known are %s", name, strings.Join(p.categoryNames(), ", "))
		}
		set |= 1 << i
	}
	return set, nil
}

// CategoriesIn returns the categories of a set, in the policy's order.
func (p Policy) CategoriesIn(set CategorySet) []Category {
	var in []Category
	for i, c := range p.Categories {
		if set&(1<<i) != 0 {
			in = append(in, c)
		}
	}
	return in
}

func (p Policy) categoryNames() []string {
	names := make([]string, len(p.Categories))
	for i, c := range p.Categories {
		names[i] = c.Name
	}
	return names
}

// Validate tells everything that is wrong with a policy, joined.
func (p Policy) Validate() error {
	var faults []error
	if p.Threshold < 1 || p.Threshold > MaxThreshold {
		faults = append(faults, fmt.Errorf("threshold %d: outside 1..%d", p.Threshold, MaxThreshold))
	}
	if p.TTL < Duration(time.Second) || time.Duration(p.TTL) > MaxTTL {
		faults = append(faults, fmt.Errorf("ttl %s: outside 1s..%s", p.TTL, Duration(MaxTTL)))
	}
	if p.NoteTTL != 0 && p.NoteTTL < Duration(time.Second) || time.Duration(p.NoteTTL) > MaxTTL {
		faults = append(faults, fmt.Errorf("note_ttl %s: outside 1s..%s", p.NoteTTL, Duration(MaxTTL)))
	}
	if p.AuditTTL != 0 && (p.AuditTTL < Duration(day) || p.AuditTTL > Duration(maxAuditTTL)) {
		faults = append(faults, fmt.Errorf("audit_ttl %s: outside 1d..%s", p.AuditTTL, Duration(maxAuditTTL)))
	}
	if p.MinOrganisations < 0 || p.MinOrganisations > MaxOrganisations {
		faults = append(faults, fmt.Errorf("min_organisations %d: outside 1..%d", p.MinOrganisations, MaxOrganisations))
	}
	if p.ReporterCap < 0 || p.ReporterCap > MaxThreshold {
		faults = append(faults, fmt.Errorf("reporter_cap %d: outside 0..%d, where 0 stands for none", p.ReporterCap, MaxThreshold))
	}
	faults = append(faults, p.validateCategories(), p.validateKinds(), p.Guards.validate(), p.validateRemoval())
	return errors.Join(faults...)
}

func (p Policy) validateCategories() error {
	var faults []error
	if len(p.Categories) > MaxCategories {
		faults = append(faults, fmt.Errorf("categories: %d of them; at most %d", len(p.Categories), MaxCategories))
	}
	names, codes := map[string]bool{}, map[uint8]bool{}
	for _, c := range p.Categories {
		switch {
		case !categoryName.MatchString(c.Name):
			faults = append(faults, fmt.Errorf("category %q: want a lower-case word", c.Name))
		case c.Code <= CodeListed || c.Code > 127:
			faults = append(faults, fmt.Errorf("category %q: code %d is outside 3..127", c.Name, c.Code))
		case names[c.Name] || codes[c.Code]:
			faults = append(faults, fmt.Errorf("category %q (code %d): name or code is given twice", c.Name, c.Code))
		}
		names[c.Name], codes[c.Code] = true, true
	}
	return errors.Join(faults...)
}

func (p Policy) validateKinds() error {
	var faults []error
	names, numbers := map[string]bool{}, map[KindNumber]bool{}
	for _, k := range p.Kinds {
		if err := k.validate(); err != nil {
			faults = append(faults, err)
		}
		if _, err := p.CategorySet(k.Category); err != nil {
			faults = append(faults, fmt.Errorf("kind %q: %w", k.Name, err))
		}
		if names[k.Name] || numbers[k.Number] {
			faults = append(faults, fmt.Errorf("kind %q (number %d): name or number is given twice", k.Name, k.Number))
		}
		names[k.Name], numbers[k.Number] = true, true
	}
	return errors.Join(faults...)
}

// Set returns the policy with one setting changed, as the command line writes
// it: threshold, ttl, note_ttl, audit_ttl, scrub_notes, removal, removal_cooldown,
// min_organisations, reporter_cap, a guard's such as duplicate_window, or
// KIND.points, KIND.ttl, KIND.cap. A KIND that does not exist yet is added when
// its points are set and its category exists; CATEGORY.code adds or changes a
// category.
func (p Policy) Set(setting, value string) (Policy, error) {
	p.Kinds, p.Categories = slices.Clone(p.Kinds), slices.Clone(p.Categories)
	var err error
	switch i := strings.LastIndexByte(setting, '.'); {
	case setting == "threshold":
		p.Threshold, err = wholeNumber(value)
	case setting == "ttl":
		p.TTL, err = ParseDuration(value)
	case setting == "note_ttl":
		p.NoteTTL, err = ParseDuration(value)
	case setting == "audit_ttl":
		p.AuditTTL, err = ParseDuration(value)
	case setting == "scrub_notes":
		p.ScrubNotes, err = onOff(value)
	case setting == "min_organisations":
		p.MinOrganisations, err = atLeastOne(value)
	case setting == "reporter_cap":
		p.ReporterCap, err = wholeNumber(value)
	case setting == "removal", setting == "removal_cooldown":
		err = p.setRemoval(setting, value)
	case i > 0 && setting[i+1:] == "code":
		err = p.setCode(setting[:i], value)
	case i > 0:
		err = p.setKind(setting[:i], setting[i+1:], value)
	default:
		var known bool
		if known, err = p.setGuard(setting, value); !known {
			err = errors.New("unknown; want threshold, ttl, note_ttl, audit_ttl, scrub_notes, removal, removal_cooldown, min_organisations, reporter_cap, KIND.points, KIND.ttl, KIND.cap, CATEGORY.code, or a guard's: " + strings.Join(GuardNames(), ", "))
		}
	}
	if err != nil {
		return p, fmt.Errorf("setting %s=%s: %w", setting, value, err)
	}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("setting %s=%s: %w", setting, value, err)
	}
	return p, nil
}

// atLeastOne reads a number of which 0 would mean something else.
func atLeastOne(value string) (int, error) {
	n, err := wholeNumber(value)
	if err == nil && n < 1 {
		err = errors.New("want 1 or more")
	}
	return n, err
}

func wholeNumber(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, errors.New("want a whole number in digits")
	}
	return n, nil
}

func (p *Policy) setCode(category, value string) error {
	code, err := strconv.ParseUint(value, 10, 8)
	if err != nil {
		return errors.New("want a number from 3 to 127")
	}
	i := slices.IndexFunc(p.Categories, func(c Category) bool { return c.Name == category })
	if i < 0 {
		p.Categories = append(p.Categories, Category{Name: category})
		i = len(p.Categories) - 1
	}
	p.Categories[i].Code = uint8(code)
	return nil
}

func (p *Policy) setKind(name, field, value string) error {
	i := slices.IndexFunc(p.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		if field != "points" {
			return fmt.Errorf("kind %q is unknown; set its points first to add it", name)
		}
		category, _, _ := strings.Cut(name, ".")
		p.Kinds = append(p.Kinds, Kind{Number: p.nextKind(), Name: name, Category: category})
		i = len(p.Kinds) - 1
	}
	k := &p.Kinds[i]
	switch field {
	case "points", "cap":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return errors.New("want a number from 0 to 65535")
		}
		if field == "points" {
			k.Points = uint16(n)
		} else {
			k.Cap = uint16(n)
		}
		return nil
	case "ttl":
		ttl, err := ParseDuration(value)
		k.TTL = ttl
		return err
	}
	return fmt.Errorf("%q is not a setting of a kind; want points, ttl or cap", field)
}

func (p Policy) nextKind() KindNumber {
	next := FirstOwnKind
	for _, k := range p.Kinds {
		next = max(next, k.Number+1)
	}
	return next
}
