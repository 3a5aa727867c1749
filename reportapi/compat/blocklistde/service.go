package blocklistde

import (
	"fmt"
	"net/http"
	"strings"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/intake"
)

// nothing is the kind of services whose reports repeat what others said.
const nothing = ""

// service is how names of services begin, and the kind that they mean.
type service struct {
	begins string
	kind   string
}

// services is what the names mean that blocklist.de has and that fail2ban's
// jails have. The longest beginning counts.
func services() []service {
	return []service{
		{"ssh", "ssh.bruteforce"},
		{"dropbear", "ssh.bruteforce"},
		{"selinux-ssh", "ssh.bruteforce"},

		{"apache", "web.probe"},
		{"apache-noscript", "web.exploit"},
		{"apache-overflows", "web.exploit"},
		{"apache-modsecurity", "web.exploit"},
		{"apache-shellshock", "web.exploit"},
		{"nginx", "web.probe"},
		{"lighttpd", "web.login"},
		{"apache-auth", "web.login"},
		{"apache-pass", "web.login"},
		{"nginx-http-auth", "web.login"},
		{"nginx-limit-req", "dos.flood"},
		{"haproxy-http-auth", "web.login"},
		{"traefik-auth", "web.login"},
		{"php-url-fopen", "web.exploit"},
		{"phpmyadmin", "web.login"},
		{"rfi-attack", "web.exploit"},
		{"suhosin", "web.exploit"},
		{"w00tw00t", "web.probe"},
		{"badbot", "web.probe"},
		{"bots", "web.probe"},
		{"bruteforcelogin", "web.login"},
		{"wordpress", "web.login"},
		{"wp-", "web.login"},
		{"drupal", "web.login"},
		{"webmin", "web.login"},
		{"roundcube", "web.login"},
		{"openwebmail", "web.login"},
		{"squirrelmail", "web.login"},
		{"horde", "web.login"},
		{"groupoffice", "web.login"},
		{"sogo", "web.login"},
		{"tine20", "web.login"},
		{"nextcloud", "web.login"},
		{"owncloud", "web.login"},
		{"gitlab", "web.login"},
		{"gitea", "web.login"},
		{"grafana", "web.login"},
		{"guacamole", "web.login"},
		{"monit", "web.login"},
		{"bitwarden", "web.login"},
		{"zoneminder", "web.login"},
		{"centreon", "web.login"},
		{"openhab", "web.login"},
		{"froxlor", "web.login"},
		{"directadmin", "web.login"},
		{"monitorix", "web.login"},

		{"regbot", "forum.register"},
		{"ircbot", "forum.spam"},

		{"mail", "mail.auth"},
		{"postfix", "mail.auth"},
		{"exim", "mail.auth"},
		{"sendmail", "mail.auth"},
		{"qmail", "mail.auth"},
		{"courier", "mail.auth"},
		{"dovecot", "mail.auth"},
		{"cyrus", "mail.auth"},
		{"imap", "mail.auth"},
		{"pop3", "mail.auth"},
		{"smtp", "mail.auth"},
		{"sasl", "mail.auth"},
		{"sieve", "mail.auth"},
		{"uwimap", "mail.auth"},
		{"perdition", "mail.auth"},
		{"solid-pop3d", "mail.auth"},
		{"kerio", "mail.auth"},
		{"oracleims", "mail.auth"},
		{"assp", "mail.auth"},
		{"domino", "mail.auth"},
		{"postfix-rbl", "mail.protocol"},
		{"sendmail-reject", "mail.relay"},
		{"exim-spam", "spam.mail"},
		{"spam", "spam.mail"},

		{"ftp", "other.ftp"},
		{"proftpd", "other.ftp"},
		{"pure-ftpd", "other.ftp"},
		{"pureftpd", "other.ftp"},
		{"vsftpd", "other.ftp"},
		{"wuftpd", "other.ftp"},
		{"gssftpd", "other.ftp"},

		{"sip", "other.voip"},
		{"asterisk", "other.voip"},
		{"freeswitch", "other.voip"},
		{"named", "other.dns"},
		{"nsd", "other.dns"},
		{"dns", "other.dns"},

		{"squid", "scan.proxy"},
		{"3proxy", "scan.proxy"},
		{"portsentry", "scan.port"},
		{"scanlogd", "scan.port"},
		{"portscan", "scan.port"},
		{"portflood", "dos.flood"},
		{"ddos", "dos.flood"},
		{"dos", "dos.flood"},

		{"recidive", nothing}, // bans again what other jails reported
	}
}

// Kind returns the kind that a service means: one of our own by its name, else
// what the table has. It is "" for services whose reports are to be passed over.
func Kind(name string, policy scoring.Policy) (string, error) {
	if intake.Placeholder(name) {
		return "", wrong("service", fmt.Sprintf("%s is what the client should have put a service in the place of; in fail2ban, give the action service=\"ssh\"", compat.Quote(name)))
	}
	// fail2ban's jails may carry their filter's options: sshd[mode=normal].
	bare, _, _ := strings.Cut(strings.ToLower(name), "[")
	bare = strings.TrimSpace(bare)
	if bare == "" {
		return "", wrong("service", "is missing; give such as ssh, mail or apache")
	}
	if _, known := policy.KindNamed(bare); known && strings.Contains(bare, ".") {
		return bare, nil
	}
	var best service
	for _, s := range services() {
		if strings.HasPrefix(bare, s.begins) && len(s.begins) > len(best.begins) {
			best = s
		}
	}
	if best.begins != "" {
		return best.kind, nil
	}
	return "", wrong("service", fmt.Sprintf("%s is not known here; in fail2ban, give the action one that is, such as service=\"ssh\", mail, apache, ftp, sip, or a kind: %s", compat.Quote(name), strings.Join(policy.KindNames(), ", ")))
}

func wrong(parameter, detail string) error {
	return &compat.Fault{Status: http.StatusUnprocessableEntity, Parameter: parameter, Detail: detail}
}
