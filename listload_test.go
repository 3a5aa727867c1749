package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each format is loaded by the program that it is for, which then says of
// addresses what the node says. rbldnsd, NSD and BIND load theirs in the tests of
// exports.

// addresses are listed by themselves, and the last one by a range too.
func addresses() []string {
	return []string{"203.0.113.7", "2.0.0.1", "2001:db8:bad::1234", "192.0.2.70"}
}

// ranges are listed, and listed what they and the addresses list.
func ranges() []string { return []string{"192.0.2.64/27", "198.51.100.0/24", "2001:db8:cafe::/60"} }

func listed() []string {
	return append(addresses(), "192.0.2.64", "192.0.2.95", "198.51.100.200", "2001:db8:cafe:5::1")
}

// others are not listed.
func others() []string {
	return []string{"203.0.113.8", "20.0.0.1", "2001:db8:bad:1::1", "192.0.2.63", "192.0.2.96", "2001:db8:cafe:10::1"}
}

// loadedNode lists addresses and such ranges, and writes its lists into files.
func loadedNode(t *testing.T, ranges ...string) (node *testNode, write func(query, file string) string) {
	t.Helper()
	node = listingNode(t)
	for _, target := range append(addresses(), ranges...) {
		node.report("ip=" + target + "&kind=hacked.host")
	}
	folder := t.TempDir()
	return node, func(query, file string) string {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, node.get("/v1/blocklist?format="+query).body, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
}

// program finds a program of a Debian package.
func program(t *testing.T, debianPackage, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("%s is missing: install the Debian package %s", name, debianPackage)
	return ""
}

// inNamespace runs a shell script in a network namespace of its own, and
// returns what it printed.
func inNamespace(t *testing.T, script string) string {
	t.Helper()
	flags := "-n"
	if os.Getuid() != 0 {
		flags = "-rn"
	}
	command := exec.CommandContext(t.Context(), program(t, "util-linux", "unshare"), flags, "sh", "-eu", "-c", script)
	command.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, output)
	}
	return string(output)
}

// The kernel has the sets after each script, whether it told everything or what
// changed; loading twice does no harm, and the rules of the book stay.
func TestLists_nftables(t *testing.T) {
	t.Parallel()
	program(t, "nftables", "nft")
	node, write := loadedNode(t)
	rules := filepath.Join(t.TempDir(), "rules.nft")
	if err := os.WriteFile(rules, []byte(executedBlock(t, "deploy/lists.md", "TestLists_nftables")), 0o644); err != nil {
		t.Fatal(err)
	}
	full := write("nftables", "full.nft")
	start := node.get("/v1/blocklist?format=nftables&since=start")
	seven := node.report("ip=203.0.113.9&kind=hacked.host")
	node.report("ip=2001:db8:9::1&kind=hacked.host")
	node.patch("/v1/incidents/203.0.113.9/"+seven.ID, `{"withdrawn":true,"reason":"a mistake"}`)
	node.report("ip=203.0.113.7&kind=hacked.host")
	changes := write("nftables&since="+start.header.Get("Penaltybox-Cursor"), "changes.nft")
	wide, four := write("nftables&aggregate=24", "wide.nft"), write("nftables&family=4", "four.nft")

	for _, target := range ranges() {
		node.report("ip=" + target + "&kind=hacked.host")
	}
	// Where ranges are listed, what changed is told as everything.
	ranged := write("nftables&since="+start.header.Get("Penaltybox-Cursor"), "ranged.nft")
	rangedWide := write("nftables&aggregate=28", "ranged-wide.nft")

	hasAll := func(ips []string) string {
		return `for ip in ` + strings.Join(ips, " ") + `; do case $ip in *:*) s=listed6;; *) s=listed4;; esac; nft get element inet penaltybox $s "{ $ip }" >/dev/null; done
for ip in ` + strings.Join(others(), " ") + `; do case $ip in *:*) s=listed6;; *) s=listed4;; esac; if nft get element inet penaltybox $s "{ $ip }" >/dev/null 2>&1; then echo "$ip is in the set"; exit 1; fi; done
`
	}
	has := hasAll(addresses())
	output := inNamespace(t, "nft -f "+rules+"\nnft -c -f "+full+"\nnft -f "+full+"\nnft -f "+full+"\n"+has+
		"nft -f "+changes+"\nnft -f "+changes+"\n"+has+
		`nft get element inet penaltybox listed6 "{ 2001:db8:9::77 }" >/dev/null
if nft get element inet penaltybox listed4 "{ 203.0.113.9 }" >/dev/null 2>&1; then echo "203.0.113.9 is in the set"; exit 1; fi
nft -f `+four+"\n"+has+"nft list chain inet penaltybox input\nnft delete table inet penaltybox\nnft -f "+wide+
		"\nnft get element inet penaltybox listed4 \"{ 203.0.113.77 }\" >/dev/null\nnft list set inet penaltybox listed4\n"+
		"nft delete table inet penaltybox\nnft -f "+rules+"\nnft -f "+ranged+"\nnft -f "+ranged+"\n"+hasAll(listed())+
		"nft delete table inet penaltybox\nnft -f "+rangedWide+"\n"+
		"nft get element inet penaltybox listed4 \"{ 192.0.2.90 }\" >/dev/null\nnft get element inet penaltybox listed6 \"{ 2001:db8:cafe:5::1 }\" >/dev/null\n")
	for _, want := range []string{"ip saddr @listed4 drop", "203.0.113.0/24 timeout", "expires"} {
		if !strings.Contains(output, want) {
			t.Errorf("nft says nothing of %q:\n%s", want, output)
		}
	}
}

// ipset takes timeouts up to its limit, fills aside, and follows changes.
func TestLists_ipset(t *testing.T) {
	t.Parallel()
	program(t, "ipset", "ipset")
	node, write := loadedNode(t, ranges()...)
	full := write("ipset", "full.ipset")
	cursor := node.get("/v1/blocklist?format=ipset&since=start").header.Get("Penaltybox-Cursor")
	nine := node.report("ip=203.0.113.9&kind=hacked.host")
	node.report("ip=2001:db8:9::1&kind=hacked.host")
	node.patch("/v1/incidents/203.0.113.9/"+nine.ID, `{"withdrawn":true,"reason":"a mistake"}`)
	changes, wide, four := write("ipset&since="+cursor, "changes.ipset"), write("ipset&aggregate=24", "wide.ipset"), write("ipset&family=4", "four.ipset")

	has := `for ip in ` + strings.Join(listed(), " ") + `; do case $ip in *:*) s=penaltybox6;; *) s=penaltybox4;; esac; ipset test -q $s $ip; done
for ip in ` + strings.Join(others(), " ") + `; do case $ip in *:*) s=penaltybox6;; *) s=penaltybox4;; esac; if ipset test -q $s $ip; then echo "$ip is in the set"; exit 1; fi; done
`
	output := inNamespace(t, "ipset restore < "+full+"\nipset restore < "+full+"\n"+has+
		"ipset restore < "+changes+"\nipset restore < "+changes+"\n"+has+
		"ipset test -q penaltybox6 2001:db8:9::77\nif ipset test -q penaltybox4 203.0.113.9; then exit 1; fi\n"+
		"ipset restore < "+four+"\nipset restore < "+wide+"\nipset test -q penaltybox4 203.0.113.77\nipset list -terse\n")
	if strings.Contains(output, "-new") || strings.Count(output, "Name: ") != 2 {
		t.Errorf("the sets are\n%s", output)
	}
}

// webAsks wants a web server on a port to answer with one status for those
// listed and another for others, who are told by a header.
func webAsks(t *testing.T, port, path string, forListed, forOthers int) {
	t.Helper()
	for status, ips := range map[int][]string{forListed: listed(), forOthers: others()} {
		for _, ip := range ips {
			eventually(t, ip+" is answered", func() (int, error) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+path, nil)
				if err != nil {
					return 0, err
				}
				request.Header.Set("X-Forwarded-For", ip)
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					return 0, err
				}
				defer response.Body.Close()
				body, err := io.ReadAll(response.Body)
				if err != nil {
					return 0, err
				}
				return 0, want(response.StatusCode == status, "%s: %d, want %d: %s", path, response.StatusCode, status, body)
			})
		}
	}
}

func TestLists_nginx(t *testing.T) {
	t.Parallel()
	_, write := loadedNode(t, ranges()...)
	geo, deny, none := write("nginx-geo", "penaltybox.geo"), write("nginx-deny", "penaltybox.deny"), write("nginx-geo&threshold=1000", "none.geo")
	folder, port := t.TempDir(), freePort(t)
	block := executedBlock(t, "deploy/lists.md", "TestLists_nginx")
	config := filepath.Join(folder, "nginx.conf")
	settings := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events { }
http {
	access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
	%[2]s
	%[3]s
	server {
		listen 127.0.0.1:%[4]s;
		location /geo { if ($listed) { return 403; } return 204; }
		location /deny { include %[5]s; try_files /none =404; }
		location /none { if ($nobody) { return 403; } return 204; }
	}
}
`, folder, strings.Replace(block, "/etc/nginx/penaltybox.geo", geo, 1),
		strings.NewReplacer("/etc/nginx/penaltybox.geo", none, "$listed", "$nobody").Replace(block), port, deny)
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	check(t, "nginx-light", "nginx", "-t", "-e", "stderr", "-c", config)
	startProgram(t, "nginx-light", "nginx", "-e", "stderr", "-c", config)
	webAsks(t, port, "/geo", 403, 204)
	webAsks(t, port, "/deny", 403, 404)
	webAsks(t, port, "/none", 204, 204)
}

func TestLists_apache(t *testing.T) {
	t.Parallel()
	_, write := loadedNode(t, ranges()...)
	folder, port := t.TempDir(), freePort(t)
	block := strings.Replace(executedBlock(t, "deploy/lists.md", "TestLists_apache"), "/etc/apache2/penaltybox.conf", write("apache", "penaltybox.conf"), 1)
	empty := strings.NewReplacer(`"/"`, `"/none"`, "</RequireAll>", "</RequireAll>\nAuthMerging Off").
		Replace(strings.Replace(executedBlock(t, "deploy/lists.md", "TestLists_apache"), "/etc/apache2/penaltybox.conf", write("apache&threshold=1000", "none.conf"), 1))
	config := filepath.Join(folder, "apache.conf")
	settings := fmt.Sprintf("ServerRoot %q\nServerName localhost\nListen 127.0.0.1:%s\nPidFile pid\nErrorLog /dev/stderr\nMutex file:%s\nUser www-data\nGroup www-data\n", folder, port, folder)
	for _, module := range []string{"mpm_event", "authz_core", "authz_host", "remoteip", "status"} {
		settings += fmt.Sprintf("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", module, module)
	}
	settings += "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.1\n" + block + empty + "<Location />\nSetHandler server-status\n</Location>\n"
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	check(t, "apache2-bin", "apache2", "-t", "-f", config)
	// One process, so that it ends as a whole.
	startProgram(t, "apache2-bin", "apache2", "-X", "-f", config)
	webAsks(t, port, "/", 403, 200)
	webAsks(t, port, "/none", 200, 200)
}

func TestLists_haproxy(t *testing.T) {
	t.Parallel()
	_, write := loadedNode(t, ranges()...)
	folder, port := t.TempDir(), freePort(t)
	block := executedBlock(t, "deploy/lists.md", "TestLists_haproxy")
	mapped := write("haproxy-map", "penaltybox.map")
	full := strings.NewReplacer("/etc/haproxy/penaltybox.acl", write("haproxy-acl", "penaltybox.acl"), "/etc/haproxy/penaltybox.map", mapped).Replace(block)
	empty := strings.NewReplacer("listed src", "nobody src", "if listed", "if nobody",
		"/etc/haproxy/penaltybox.acl", write("haproxy-acl&threshold=1000", "none.acl"), "/etc/haproxy/penaltybox.map", write("haproxy-map&threshold=1000", "none.map")).Replace(block)
	config := filepath.Join(folder, "haproxy.cfg")
	settings := "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\nfrontend web\n    bind 127.0.0.1:" + port +
		"\n    http-request set-src hdr(X-Forwarded-For)\n" + empty +
		"    http-request return status 410 content-type text/plain string hacked if { path /map } { src,map_ip(" + mapped + ") -m str hacked }\n" +
		full + "    http-request return status 200 content-type text/plain string welcome\n"
	if err := os.WriteFile(config, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	check(t, "haproxy", "haproxy", "-c", "-f", config)
	startProgram(t, "haproxy", "haproxy", "-db", "-f", config)
	webAsks(t, port, "/", 403, 200)
	webAsks(t, port, "/map", 410, 200)
}

// Postfix rejects whom the table names. postmap asks as smtpd does.
func TestLists_postfix(t *testing.T) {
	t.Parallel()
	_, write := loadedNode(t, ranges()...)
	table := write("postfix-cidr", "penaltybox.cidr")
	folder := t.TempDir()
	block := executedBlock(t, "deploy/lists.md", "TestLists_postfix")
	if err := os.WriteFile(filepath.Join(folder, "main.cf"), []byte("compatibility_level = 3.6\n"+block), 0o644); err != nil {
		t.Fatal(err)
	}
	_, mapped, _ := strings.Cut(strings.TrimSpace(block), "check_client_access ")
	mapped = strings.Replace(mapped, "/etc/postfix/penaltybox.cidr", table, 1)
	ask := func(mapped, ip string) string {
		// postmap ends with 1 when it finds nothing.
		output, _ := exec.CommandContext(t.Context(), program(t, "postfix", "postmap"), "-c", folder, "-q", ip, mapped).CombinedOutput()
		return strings.TrimSpace(string(output))
	}
	for _, ip := range listed() {
		if got := ask(mapped, ip); got != "REJECT listed by bl.penaltybox.example" {
			t.Errorf("%s is answered %q", ip, got)
		}
	}
	for _, ip := range others() {
		if got := ask(mapped, ip); got != "" {
			t.Errorf("%s is answered %q", ip, got)
		}
	}
	if got := ask("cidr:"+write("postfix-cidr&threshold=1000", "none.cidr"), listed()[0]); got != "" {
		t.Errorf("an empty table says %q", got)
	}

	flags := defaultFlags(t.TempDir())
	flags.Contact = "https://box.example/lookup"
	seen := startNode(t, flags)
	seen.report("ip=203.0.113.7&kind=hacked.host")
	if err := os.WriteFile(table, seen.get("/v1/blocklist?format=postfix-cidr").body, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := ask(mapped, "203.0.113.7"); got != "REJECT listed by bl.penaltybox.example, see https://box.example/lookup" {
		t.Errorf("with a contact: %q", got)
	}
}
