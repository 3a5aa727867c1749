package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fail2ban is a real fail2ban-server with its stock sshd filter and nsupdate
// action, and everything that it writes in a folder of its own.
type fail2ban struct {
	t      *testing.T
	folder string
	log    string // of sshd
}

// startFail2ban runs fail2ban with the book's jail, which bans nothing by itself,
// but reports to a node; one failure is enough.
func startFail2ban(t *testing.T, node *testNode) *fail2ban {
	t.Helper()
	for _, program := range []string{"fail2ban-server:fail2ban", "nsupdate:bind9-dnsutils"} {
		name, debianPackage, _ := strings.Cut(program, ":")
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: install the Debian package %s", name, debianPackage)
		}
	}
	f := &fail2ban{t: t, folder: t.TempDir()}
	f.log = f.write("auth.log", "")
	key := f.write("penaltybox.key", executedBlock(t, "deploy/dns.md", "TestDNS_fail2ban key"))
	_, port, err := net.SplitHostPort(node.dns)
	if err != nil {
		t.Fatal(err)
	}
	jail := strings.NewReplacer(
		"/etc/fail2ban/penaltybox.key", key, "%(action_)s\n         ", "",
		"nsupdate[", fmt.Sprintf(`nsupdate[nsupdatecmd="/usr/bin/nsupdate -l -p %s", `, port),
	).Replace(executedBlock(t, "deploy/dns.md", "TestDNS_fail2ban jail"))
	f.write("jail.conf", "[DEFAULT]\nbackend = polling\nmaxretry = 1\nbantime = 1h\nusedns = no\nignoreself = false\nfilter = %(__name__)s\nlogpath = "+f.log+"\n"+jail)
	f.write("fail2ban.conf", "[Definition]\nloglevel = INFO\nlogtarget = STDOUT\nsyslogsocket = auto\nsocket = "+f.at("socket")+"\npidfile = "+f.at("pid")+"\ndbfile = "+f.at("db")+"\ndbpurgeage = 1d\nallowipv6 = no\n[Thread]\n")
	for _, stock := range []string{"action.d", "filter.d"} {
		if err := os.Symlink("/etc/fail2ban/"+stock, f.at(stock)); err != nil {
			t.Fatal(err)
		}
	}
	startProgram(t, "fail2ban", "fail2ban-server", "-f", "-c", f.folder, "-s", f.at("socket"), "-p", f.at("pid"), "start")
	eventually(t, "fail2ban watches the log", func() (string, error) { return f.client("status", "sshd") })
	return f
}

func (f *fail2ban) at(name string) string { return filepath.Join(f.folder, name) }

func (f *fail2ban) write(name, content string) string {
	f.t.Helper()
	if err := os.WriteFile(f.at(name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return f.at(name)
}

func (f *fail2ban) client(args ...string) (string, error) {
	out, err := exec.Command("fail2ban-client", append([]string{"-c", f.folder, "-s", f.at("socket")}, args...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("fail2ban-client %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// attack writes to the log what sshd writes about a failure.
func (f *fail2ban) attack(ip string) {
	f.t.Helper()
	log, err := os.OpenFile(f.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	defer log.Close()
	fmt.Fprintf(log, "%s web1 sshd[123]: Failed password for root from %s port 4711 ssh2\n", time.Now().Format("Jan _2 15:04:05"), ip)
}

// unban ends a ban as its time does.
func (f *fail2ban) unban(ip string) {
	f.t.Helper()
	if out, err := f.client("set", "sshd", "unbanip", ip); err != nil || strings.TrimSpace(out) != "1" {
		f.t.Fatalf("unbanning %s: %q, %v", ip, out, err)
	}
}

// updateNode is a node that takes the book's fail2ban, with bans that add up or
// not.
func updateNode(t *testing.T, settings string) *testNode {
	t.Helper()
	flags := defaultFlags(t.TempDir())
	flags.TSIGKeyFile = filepath.Join(flags.State, "tsig.keys")
	if err := os.WriteFile(flags.TSIGKeyFile, []byte(executedBlock(t, "deploy/dns.md", "TestDNS_fail2ban keys")), 0o600); err != nil {
		t.Fatal(err)
	}
	flags.UpdateKey = []string{"fail2ban.web1=web1,kind=mail.auth" + settings}
	node := startNode(t, flags)
	node.post("/v1/reporters", `{"name":"web1","role":"reporter"}`)
	return node
}

// counted waits until so many incidents count against an address, and returns
// them.
func (n *testNode) counted(ip string, number int) []incidentView {
	n.t.Helper()
	return n.awaitIncidents("withdrawn=false&ip="+ip, number)
}

// awaitIncidents waits until a search finds so many incidents, and returns them.
func (n *testNode) awaitIncidents(query string, number int) []incidentView {
	n.t.Helper()
	return eventually(n.t, fmt.Sprintf("there are %d incidents of %s", number, query), func() ([]incidentView, error) {
		var page struct {
			Incidents []incidentView `json:"incidents"`
		}
		if err := json.Unmarshal(n.get("/v1/incidents?"+query).body, &page); err != nil {
			return nil, err
		}
		return page.Incidents, want(len(page.Incidents) == number, "there are %d", len(page.Incidents))
	})
}

// A real fail2ban reports each ban with its stock nsupdate action, as the book
// has it. Unbans leave the bans to add up, and DNS lists after the third.
func TestDNS_fail2ban(t *testing.T) {
	t.Parallel()
	node := updateNode(t, ",delete=keep")
	f := startFail2ban(t, node)
	for strike := 1; strike <= 3; strike++ {
		f.attack("203.0.113.7")
		incidents := node.counted("203.0.113.7", strike)
		if in := incidents[0]; in.Reporter != "web1" || in.Kind != "ssh.bruteforce" || in.Note != "1 failures" {
			t.Errorf("ban %d is reported as %+v", strike, in)
		}
		if listed := len(node.listed("203.0.113.7")) > 0; listed != (strike == 3) {
			t.Errorf("after %d bans: listed %v", strike, listed)
		}
		f.unban("203.0.113.7")
	}
	node.counted("203.0.113.7", 3)
}

// Without delete=keep the end of a ban takes back what its reporter said, and
// leaves what others did.
func TestDNS_fail2ban_unbans(t *testing.T) {
	t.Parallel()
	node := updateNode(t, "")
	f := startFail2ban(t, node)
	node.report("ip=203.0.113.7&kind=ssh.maxauth")
	// fail2ban takes one ban after the other: when it is at the second, it is done
	// with the first.
	for _, ip := range []string{"203.0.113.7", "203.0.113.8"} {
		f.attack(ip)
		node.awaitIncidents("reporter=web1&ip="+ip, 1)
	}
	f.unban("203.0.113.7")
	if gone := node.awaitIncidents("withdrawn=true&ip=203.0.113.7", 1); gone[0].Reporter != "web1" {
		t.Errorf("the end of the ban takes back %+v", gone)
	}
	if left := node.counted("203.0.113.7", 1); left[0].Reporter != "admin" {
		t.Errorf("the end of the ban leaves %+v", left)
	}
}

// nsupdate reports IPv6, over UDP and TCP, and says what it is told.
func TestDNS_nsupdate(t *testing.T) {
	t.Parallel()
	node := updateNode(t, "")
	host, port, err := net.SplitHostPort(node.dns)
	if err != nil {
		t.Fatal(err)
	}
	send := func(key, update string, flags ...string) string {
		t.Helper()
		command := exec.Command("nsupdate", append(flags, "-y", key)...)
		command.Stdin = strings.NewReader("server " + host + " " + port + "\n" + update + "\nsend\n")
		out, err := command.CombinedOutput()
		if (err == nil) != (len(out) == 0) {
			t.Errorf("nsupdate %s: %v: %s", update, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	const key = "hmac-sha256:fail2ban.web1:Zk9mIWyDrNjgA5w5NnP9J8m6N0c7lQqEoB1cYy3vX2s="
	const name = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.a.b.0.8.b.d.0.1.0.0.2.bl.penaltybox.example"
	for i, flags := range [][]string{nil, {"-v"}} { // -v: over TCP
		if out := send(key, "update add "+name+` 60 TXT "kind=web.login by hand"`, flags...); out != "" {
			t.Errorf("%v: %s", flags, out)
		}
		if in := node.counted("2001:db8:bad::7", i+1)[0]; in.Kind != "web.login" || in.Note != "by hand" || in.IP != "2001:db8:bad::7" {
			t.Errorf("%v: %+v", flags, in)
		}
	}
	for update, want := range map[string]string{
		"update add www.bl.penaltybox.example 60 TXT x":                                                            "update failed: REFUSED",
		"update add 7.113.0.203.bl.penaltybox.example 60 TXT kind=nonsense":                                        "update failed: REFUSED",
		"zone elsewhere.example\nupdate add 7.113.0.203.elsewhere.example 60 TXT x":                                "update failed: NOTAUTH",
		"prereq yxdomain 7.113.0.203.bl.penaltybox.example\nupdate add 7.113.0.203.bl.penaltybox.example 60 TXT x": "update failed: NXDOMAIN",
	} {
		if out := send(key, update); !strings.HasPrefix(out, want) {
			t.Errorf("%s: %q, want %s", update, out, want)
		}
	}
	for other, want := range map[string]string{
		"hmac-sha256:nobody:Zk9mIWyDrNjgA5w5NnP9J8m6N0c7lQqEoB1cYy3vX2s=":        "BADKEY",
		"hmac-sha256:fail2ban.web1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=": "BADSIG",
	} {
		if out := send(other, "update add 7.113.0.203.bl.penaltybox.example 60 TXT x"); !strings.Contains(out, want) {
			t.Errorf("%s: %q, want %s", other, out, want)
		}
	}
	if out := send(key, "update delete "+name); out != "" {
		t.Errorf("deleting: %s", out)
	}
	node.counted("2001:db8:bad::7", 0)
}
