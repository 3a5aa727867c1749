package crowdsec

import "strings"

// kindRule says what scenarios mean whose name holds a word.
type kindRule struct {
	word, kind string
}

// kindOf returns the kind of incident that a scenario's name stands for; "" for
// what must not be reported, because it follows from lists. The name of its
// author is not regarded. What the table does not know counts least.
func kindOf(scenario string) string {
	name := strings.ToLower(scenario)
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		if name[:slash] == origin {
			return ""
		}
		name = name[slash+1:]
	}
	for _, rule := range kindRules() {
		if strings.Contains(name, rule.word) {
			return rule.kind
		}
	}
	return "scan.port"
}

// kindRules returns the table; the first rule that fits decides.
func kindRules() []kindRule {
	return []kindRule{
		{"-rbl", ""},
		{"dnsbl", ""},
		{"drop_range", ""}, // what lists say
		{"endlessh", "ssh.penalty"},
		{"ssh", "ssh.bruteforce"},

		{"dovecot", "mail.auth"},
		{"imap", "mail.auth"},
		{"pop3", "mail.auth"},
		{"exim-bf", "mail.auth"},
		{"exchange", "mail.auth"},
		{"postfix-sasl", "mail.auth"},
		{"smtp-auth", "mail.auth"},
		{"roundcube", "mail.auth"},
		{"postfix", "mail.protocol"},
		{"exim", "mail.protocol"},
		{"smtp", "mail.protocol"},
		{"postscreen", "mail.protocol"},

		{"ftp", "other.ftp"},
		{"asterisk", "other.voip"},
		{"freeswitch", "other.voip"},
		{"kamailio", "other.voip"},
		{"sip-", "other.voip"},
		{"dns-", "other.dns"},
		{"bind9", "other.dns"},
		{"named-", "other.dns"},

		{"backdoor", "web.webshell"},
		{"webshell", "web.webshell"},
		{"sensitive-files", "web.secret"},
		{"wpconfig", "web.secret"},
		{"dotenv", "web.secret"},
		{"open-proxy", "scan.proxy"},
		{"cve-", "web.exploit"},
		{"vmsa-", "web.exploit"},
		{"log4j", "web.exploit"},
		{"4shell", "web.exploit"},
		{"sqli", "web.exploit"},
		{"xss", "web.exploit"},
		{"path-traversal", "web.exploit"},
		{"vpatch", "web.exploit"},
		{"appsec", "web.exploit"},
		{"modsecurity", "web.exploit"},
		{"naxsi", "web.exploit"},

		{"telnet", "scan.port"},
		{"smb", "scan.port"},
		{"windows", "scan.port"},
		{"rdp-", "scan.port"},
		{"mysql", "scan.port"},
		{"mariadb", "scan.port"},
		{"pgsql", "scan.port"},
		{"mssql", "scan.port"},
		{"teamspeak", "scan.port"},
		{"scan-multi", "scan.port"},
		{"port-scan", "scan.port"},
		{"portscan", "scan.port"},
		{"iptables", "scan.port"},

		{"ddos", "dos.flood"},
		{"-dos", "dos.flood"},
		{"flood", "dos.flood"},
		{"wordpress-scan", "web.wordpress"},
		{"wordpress_user-enum", "web.probe"},
		{"bruteforce", "web.login"},
		{"-bf", "web.login"},
		{"_bf", "web.login"},
		{"user-enum", "web.login"},
		{"user_enum", "web.login"},
		{"http-", "web.probe"},
		{"nginx", "web.probe"},
		{"apache", "web.probe"},
	}
}
