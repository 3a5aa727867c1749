package scoring

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// KindNumber stands for a kind in ledgers and on the scoreboard. The numbers
// of the built-in kinds are fixed; operators' own kinds count up from
// FirstOwnKind. A number is never reused.
type KindNumber uint16

const (
	// FirstOwnKind is the number of the first kind that an operator adds.
	FirstOwnKind KindNumber = 1000
	// MaxKind is the highest kind number the scoreboard can hold.
	MaxKind KindNumber = 1<<12 - 1
)

// Category groups kinds for people and zones. Each category has a return
// code: the last octet N of the DNS answer 127.0.0.N.
type Category struct {
	Name string `json:"name"`
	Code uint8  `json:"code"` // 3..127; 2 means "any listing"
}

// CodeListed is the last octet of 127.0.0.2, which every listed address has.
const CodeListed = 2

// MaxCategories is how many categories a policy may have.
const MaxCategories = 32

// Kind is one sort of incident with what it counts by default.
type Kind struct {
	Number   KindNumber `json:"number"`
	Name     string     `json:"name"` // category.what, such as ssh.maxauth
	Category string     `json:"category"`
	// Points that a report counts unless it says otherwise. 0: each report
	// must give them.
	Points uint16 `json:"points"`
	// TTL after which the points expire; 0: the policy's default.
	TTL Duration `json:"ttl,omitempty"`
	// Cap bounds what one reporter's capped incidents count together on one
	// address; 0: no cap. Soft kinds have one, so that one host alone (a
	// phone with an old password) cannot list a customer.
	Cap uint16 `json:"cap,omitempty"`
	// Moderated kinds need a moderator's key.
	Moderated bool   `json:"moderated,omitempty"`
	Help      string `json:"help,omitempty"`
}

const day = 24 * time.Hour

// softTTL and softCap are the bounds of the soft kinds.
const (
	softTTL = Duration(3 * day)
	softCap = 40
)

func builtinCategories() []Category {
	return []Category{
		{"ssh", 3},
		{"web", 4},
		{"forum", 5},
		{"mail", 6},
		{"spam", 7},
		{"hacked", 8},
		{"scan", 9},
		{"dos", 10},
		{"other", 11},
	}
}

// builtinKinds returns the kinds that every ledger starts with. The first kind
// of a category is what a report means that names the category alone.
func builtinKinds() []Kind {
	return []Kind{
		{Number: 1, Name: "ssh.maxauth", Category: "ssh", Points: 20, Help: "sshd: maximum authentication attempts exceeded"},
		{Number: 2, Name: "ssh.penalty", Category: "ssh", Points: 10, Help: "sshd 9.8+: connection dropped for a penalty"},
		{Number: 3, Name: "ssh.bruteforce", Category: "ssh", Points: 20, Help: "many failed SSH log-ins"},
		{Number: 4, Name: "web.wordpress", Category: "web", Points: 20, Help: "probe of WordPress scripts on a host without WordPress"},
		{Number: 5, Name: "web.exploit", Category: "web", Points: 30, Help: "request that exploits a known hole"},
		{Number: 6, Name: "web.secret", Category: "web", Points: 25, Help: "request for credentials or keys (.env, .git/config)"},
		{Number: 7, Name: "web.webshell", Category: "web", Points: 25, Help: "request for a web shell"},
		{Number: 8, Name: "web.login", Category: "web", Points: 10, TTL: softTTL, Cap: softCap, Help: "failed log-in on a web page"},
		{Number: 9, Name: "web.probe", Category: "web", Points: 10, Help: "probe for admin pages or an open proxy"},
		{Number: 10, Name: "forum.spam", Category: "forum", Points: 25, Help: "spam posted to a forum or as a comment"},
		{Number: 11, Name: "forum.register", Category: "forum", Points: 20, TTL: softTTL, Cap: softCap, Help: "registration by a robot"},
		{Number: 12, Name: "mail.auth", Category: "mail", Points: 20, TTL: softTTL, Cap: softCap, Help: "failed mail log-ins"},
		{Number: 13, Name: "mail.relay", Category: "mail", Points: 20, Help: "relay attempt"},
		{Number: 14, Name: "mail.protocol", Category: "mail", Points: 15, Help: "abuse of the mail protocol"},
		{Number: 15, Name: "spam.mail", Category: "spam", Points: 25, Help: "spam mail"},
		{Number: 16, Name: "hacked.host", Category: "hacked", Points: 50, Moderated: true, Help: "host known to be taken over"},
		{Number: 17, Name: "scan.port", Category: "scan", Points: 5, Help: "port scan"},
		{Number: 18, Name: "scan.proxy", Category: "scan", Points: 10, Help: "search for open proxies"},
		{Number: 19, Name: "dos.flood", Category: "dos", Points: 25, Help: "flood of requests or packets"},
		{Number: 21, Name: "other.ftp", Category: "other", Points: 20, Help: "attack on FTP"},
		{Number: 22, Name: "other.voip", Category: "other", Points: 10, Help: "attack on telephony"},
		{Number: 23, Name: "other.dns", Category: "other", Points: 10, Help: "abuse of DNS over TCP"},
		{Number: 24, Name: "other.trap", Category: "other", Points: 40, Help: "used a name, path or mailbox that is published nowhere"},
		{Number: 20, Name: "other.manual", Category: "other", Moderated: true, Help: "noted by hand; points as given"},
	}
}

var (
	categoryName = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)
	kindName     = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}\.[a-z][a-z0-9-]{0,23}$`)
)

// validate tells what is wrong with a kind by itself.
func (k Kind) validate() error {
	category, _, _ := strings.Cut(k.Name, ".")
	switch {
	case !kindName.MatchString(k.Name):
		return fmt.Errorf("kind %q: want category.name in lower case, such as ssh.maxauth", k.Name)
	case k.Category != category:
		return fmt.Errorf("kind %q: category is %q; it must be what stands before the dot", k.Name, k.Category)
	case k.Number == 0 || k.Number > MaxKind:
		return fmt.Errorf("kind %q: number %d is outside 1..%d", k.Name, k.Number, MaxKind)
	case k.TTL != 0 && time.Duration(k.TTL) < time.Second || time.Duration(k.TTL) > MaxTTL:
		return fmt.Errorf("kind %q: ttl %s is outside 1s..%s", k.Name, k.TTL, Duration(MaxTTL))
	}
	return nil
}
