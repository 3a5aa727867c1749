package abuseipdb

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// Category is one of AbuseIPDB's numbers and the kind that it means here; ""
// says that it tells something of the address and is no incident.
type Category struct {
	Number int
	Kind   string
}

// categories is what AbuseIPDB's numbers mean. Of kinds with equal points the
// first counts, so what tells little stands last: Hacking and Brute-Force are
// sent beside nearly everything.
func categories() []Category {
	return []Category{
		{22, "ssh.bruteforce"}, // SSH
		{5, "other.ftp"},       // FTP brute force
		{21, "web.exploit"},    // Web app attack
		{16, "web.exploit"},    // SQL injection
		{10, "forum.spam"},     // Web spam
		{12, "forum.spam"},     // Blog spam
		{11, "spam.mail"},      // Email spam
		{7, "spam.mail"},       // Phishing
		{17, "mail.protocol"},  // Spoofing of a mail's sender
		{4, "dos.flood"},       // DDoS
		{6, "dos.flood"},       // Ping of death
		{8, "other.voip"},      // Fraud VoIP
		{1, "other.dns"},       // DNS compromise
		{2, "other.dns"},       // DNS poisoning
		{9, "scan.proxy"},      // Open proxy
		{3, "web.probe"},       // Fraud orders
		{19, "web.probe"},      // Bad web bot
		{20, "web.probe"},      // Exploited host; hacked.host would need a moderator
		{14, "scan.port"},      // Port scan
		{23, "scan.port"},      // IoT targeted
		{18, "ssh.bruteforce"}, // Brute-force
		{15, "web.probe"},      // Hacking
		{13, ""},               // VPN IP
	}
}

// maxCategories is how many numbers a report may name.
const maxCategories = 30

// readCategories returns the one kind that numbers such as "18,22" mean: that of
// the most points, because points of one event are never added. It is "" when
// none of them is an incident.
func readCategories(text string, policy scoring.Policy) (string, error) {
	wrong := func(detail string) (string, error) {
		return "", &compat.Fault{Status: http.StatusUnprocessableEntity, Parameter: "categories", Detail: detail}
	}
	switch {
	case text == "":
		return wrong("The categories field is required, such as 18,22.")
	case intake.Placeholder(text):
		return wrong(fmt.Sprintf("The categories are %s, which the client should have put numbers in the place of; in fail2ban, give the action abuseipdb_category=\"18,22\".", compat.Quote(text)))
	}
	numbers := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if len(numbers) > maxCategories {
		return wrong(fmt.Sprintf("There are more than %d categories.", maxCategories))
	}
	meant := map[int]bool{}
	for _, number := range numbers {
		n, err := strconv.Atoi(number)
		if err != nil || !slices.ContainsFunc(categories(), func(c Category) bool { return c.Number == n }) {
			return wrong(fmt.Sprintf("The category %s is invalid; categories are numbers from 1 to 23, with commas between.", compat.Quote(number)))
		}
		meant[n] = true
	}
	if len(meant) == 0 {
		return wrong("The categories field names none; give such as 18,22.")
	}
	return heaviest(meant, policy), nil
}

// heaviest returns the kind of the most points among those that numbers mean.
func heaviest(meant map[int]bool, policy scoring.Policy) string {
	var best scoring.Kind
	for _, c := range categories() {
		if kind, known := policy.KindNamed(c.Kind); meant[c.Number] && known && kind.Points > best.Points {
			best = kind
		}
	}
	return best.Name
}

// numbersOf returns the numbers that say best what a kind is.
func numbersOf(kind scoring.Kind) []int {
	switch kind.Name {
	case "ssh.maxauth", "ssh.penalty", "ssh.bruteforce":
		return []int{18, 22}
	case "web.login":
		return []int{18, 21}
	case "mail.auth":
		return []int{18}
	}
	for _, c := range categories() {
		if c.Kind == kind.Name {
			return []int{c.Number}
		}
	}
	switch kind.Category {
	case "ssh":
		return []int{22}
	case "web":
		return []int{21}
	case "forum":
		return []int{10}
	case "mail", "spam":
		return []int{11}
	case "hacked":
		return []int{20}
	case "scan":
		return []int{14}
	case "dos":
		return []int{4}
	}
	return []int{15}
}
