package crowdsec

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"penaltybox/scoring"
)

// Every kind of the table is known, and every rule of it decides about some
// scenario.
func TestKindRules(t *testing.T) {
	t.Parallel()
	policy := scoring.DefaultPolicy()
	for i, rule := range kindRules() {
		if kind, ok := policy.KindNamed(rule.kind); rule.kind != "" && (!ok || kind.Name != rule.kind) {
			t.Errorf("%s: kind %q is not known", rule.word, rule.kind)
		}
		for _, earlier := range kindRules()[:i] {
			if strings.Contains(rule.word, earlier.word) {
				t.Errorf("%q never decides: %q stands before", rule.word, earlier.word)
			}
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]string{
		"crowdsecurity/ssh-bf": "ssh.bruteforce", "crowdsecurity/ssh-slow-bf": "ssh.bruteforce", "crowdsecurity/endlessh-bf": "ssh.penalty",
		"crowdsecurity/http-bf-wordpress_bf": "web.login", "crowdsecurity/http-wordpress_wpconfig": "web.secret",
		"crowdsecurity/http-wordpress-scan": "web.wordpress", "crowdsecurity/http-wordpress_user-enum": "web.probe",
		"crowdsecurity/http-probing": "web.probe", "crowdsecurity/http-backdoors-attempts": "web.webshell",
		"crowdsecurity/http-sqli-probing": "web.exploit", "crowdsecurity/CVE-2022-41082": "web.exploit",
		"crowdsecurity/apache_log4j2_cve-2021-44228": "web.exploit", "crowdsecurity/vpatch-CVE-2023-1": "web.exploit",
		"crowdsecurity/http-open-proxy": "scan.proxy", "crowdsecurity/nextcloud-bf": "web.login", "a1ad/meshcentral-bf": "web.login",
		"crowdsecurity/postfix-spam": "mail.protocol", "crowdsecurity/postscreen-rbl": "", "crowdsecurity/dovecot-spam": "mail.auth",
		"crowdsecurity/exim-bf": "mail.auth", "crowdsecurity/exim-spam": "mail.protocol", "crowdsecurity/vsftpd-bf": "other.ftp",
		"crowdsecurity/asterisk_bf": "other.voip", "crowdsecurity/iptables-scan-multi_ports": "scan.port", "crowdsecurity/mysql-bf": "scan.port",
		"firewallservices/pf-scan-multi_ports": "scan.port", "crowdsecurity/ban-defcon-drop_range": "", "penaltybox/ssh": "",
		"crowdsecurity/nginx-req-limit-exceeded": "web.probe", "something/else": "scan.port", "": "scan.port",
	} {
		if got := kindOf(scenario); got != want {
			t.Errorf("%q is %q, want %q", scenario, got, want)
		}
	}
}

// Whatever comes is refused, or gives reports whose names fit a ledger.
func FuzzDecodeAlerts(f *testing.F) {
	f.Add([]byte(`[{"decisions":null,"events":[{"meta":[{"key":"target_user","value":"admin"}]}],"events_count":6,"scenario":"crowdsecurity/ssh-bf",` +
		`"source":{"ip":"192.0.2.77","scope":"Ip","value":"192.0.2.77"},"start_at":"2026-11-22T10:00:00Z","stop_at":"2026-11-22T10:00:00.5Z"}]`))
	f.Add([]byte(`[{"uuid":"x","simulated":true},{"decisions":[{"duration":"4h","origin":"cscli","scope":"Ip","type":"ban","value":"2001:db8::/64"}]}]`))
	f.Add([]byte(`[]`))
	policy := scoring.DefaultPolicy()
	f.Fuzz(func(t *testing.T, body []byte) {
		alerts, err := decodeAlerts(bytes.NewReader(body))
		if err != nil {
			return
		}
		for _, a := range alerts {
			if a.passed() != "" {
				continue
			}
			for _, report := range a.reports(policy, scoring.Rule{}) {
				if len(report.ID) > 200 || strings.IndexFunc(report.ID, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
					t.Errorf("id %q", report.ID)
				}
				if _, known := policy.KindNamed(report.Kind); !known {
					t.Errorf("kind %q", report.Kind)
				}
			}
		}
	})
}
