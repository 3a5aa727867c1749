package sshd_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"penaltybox/parsers/event"
)

// release is what differs between OpenSSH's versions in the lines that are
// read, or that a client can word (auth.c, auth2.c, packet.c, log.c).
type release struct {
	name, program string
	preauth       string // behind what the unprivileged child says
	port          string // format, where older ones tell no port
	key           string // format of what is told of a key
	tooMany       func(c *connection) []string
	disconnecting string // format: of the client, or nothing
}

func noteOnly(format string) func(*connection) []string {
	return func(c *connection) []string { return []string{fmt.Sprintf(format, c.shown(100))} }
}

func releases() []release {
	first := func(c *connection) string {
		return fmt.Sprintf("error: maximum authentication attempts exceeded for %s from %s port %d ssh2", c.shown(100), c.peer, c.port)
	}
	old := "Disconnecting: "
	return []release{
		{"4.3", "sshd", "", "", "", noteOnly("Disconnecting: Too many authentication failures for %s"), old},
		{"6.6", "sshd", " [preauth]", "", ": RSA 01:23:45", func(c *connection) []string {
			return []string{"Disconnecting: Too many authentication failures for " + clip(c.user, 100)}
		}, old},
		{"6.7", "sshd", " [preauth]", "", ": RSA 01:23:45", func(c *connection) []string {
			return []string{fmt.Sprintf("Disconnecting: Too many authentication failures for %s from %s port %d ssh2", c.shown(100), c.peer, c.port)}
		}, old},
		{"7.4", "sshd", " [preauth]", " port %d", ": ECDSA SHA256:a+/b", func(c *connection) []string {
			return []string{first(c), "Disconnecting: Too many authentication failures"}
		}, old},
		{"9.7", "sshd", " [preauth]", " port %d", ": ED25519 SHA256:a+/b", func(c *connection) []string {
			return []string{first(c), c.disconnecting("Too many authentication failures")}
		}, ""},
		{"10.0", "sshd-session", " [preauth]", " port %d", ": ED25519 SHA256:a+/b", func(c *connection) []string {
			return []string{first(c), c.disconnecting("Too many authentication failures")}
		}, ""},
	}
}

// connection is one client of sshd's, whose words are the client's.
type connection struct {
	release
	peer    netip.Addr
	port    int
	pid     int
	user    string
	exists  bool
	said    []string
	maximum int // how often sshd said that it was too much
}

func clip(text string, length int) string { return text[:min(len(text), length)] }

// shown is the name as messages have it that say whether it exists.
func (c *connection) shown(length int) string {
	if c.exists {
		return clip(c.user, length)
	}
	return "invalid user " + clip(c.user, length)
}

func (c *connection) say(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func (c *connection) portIfTold() string {
	if c.release.port == "" {
		return ""
	}
	return fmt.Sprintf(c.release.port, c.port)
}

// disconnecting is what sshd says when it ends a connection.
func (c *connection) disconnecting(reason string) string {
	if c.release.disconnecting != "" {
		return c.release.disconnecting + clip(reason, 1024)
	}
	kind := "invalid"
	if c.exists {
		kind = "authenticating"
	}
	preamble := clip(fmt.Sprintf("%s user %s", kind, c.user), 200)
	return fmt.Sprintf("Disconnecting %s %s port %d: %s", preamble, c.peer, c.port, clip(reason, 100))
}

// words draws what an attacker says who wants 203.0.113.7 named: any of sshd's
// sentences about it, whole or in pieces.
func words() *rapid.Generator[string] {
	const frame = "203.0.113.7"
	sentences := []string{
		"Failed password for root from " + frame + " port 22 ssh2", "Invalid user x from " + frame + " port 22", "Connection from " + frame + " port 22",
		"error: maximum authentication attempts exceeded for root from " + frame + " port 22 ssh2 [preauth]",
		"x from " + frame + " port 22 ssh2", "x " + frame + " port 22: Too many authentication failures", frame + " port 2: Too many authentication failures",
		"x " + frame + " port 22: Change of username or service not allowed: (a,b) -> (c,d)", frame + " port 22: bad service request",
		"Disconnecting: Too many authentication failures for root from " + frame + " port 22 ssh2", "x  user=y rhost=" + frame + "  user=z",
		"drop connection #1 from [" + frame + "]:22 on [192.0.2.1]:22 penalty: failed authentication", "x from " + frame, "x from " + frame + " via 192.0.2.1",
		"password for root from " + frame + " port 22 ssh2", "x ssh2: RSA SHA256:y", "ROOT LOGIN REFUSED FROM " + frame, "error: PAM: Authentication failure for x from " + frame,
		"Too many authentication failures", "last message repeated 99 times", "message repeated 9 times: [ Failed password for root from " + frame + " port 22 ssh2]",
	}
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.OneOf(rapid.SampledFrom(sentences), hostile()).Draw(t, "sentence")
		if rapid.Bool().Draw(t, "two") {
			text += rapid.SampledFrom([]string{" ", ": ", "\n", ""}).Draw(t, "between") + rapid.SampledFrom(sentences).Draw(t, "sentence")
		}
		return text
	})
}

// attack makes a client do what it can in any order.
func (c *connection) attack(t *rapid.T) {
	host := rapid.SampledFrom([]string{c.peer.String(), "203.0.113.7.evil.example", "host.example"}).Draw(t, "UseDNS")
	if rapid.Bool().Draw(t, "banner") {
		c.say("banner exchange: Connection from %s port %d: invalid format", c.peer, c.port)
		c.say("Bad protocol version identification '%s' from %s port %d", clip(words().Draw(t, "banner"), 200), c.peer, c.port)
	}
	if host != c.peer.String() {
		c.say("reverse mapping checking getaddrinfo for %s [%s] failed - POSSIBLE BREAK-IN ATTEMPT!", host, c.peer)
	}
	if !c.exists {
		c.say("Invalid user %s from %s%s", clip(c.user, 100), c.peer, c.portIfTold())
		c.say("input_userauth_request: invalid user %s%s", c.user, c.preauth)
	}
	for range rapid.IntRange(1, 6).Draw(t, "tries") {
		c.try(t, host)
	}
	c.end(t)
}

func (c *connection) try(t *rapid.T, host string) {
	failed := func(method, info string) {
		c.say("Failed %s for %s from %s port %d ssh2%s", method, c.shown(100), c.peer, c.port, info)
	}
	failed("password", "") // which proves the process, for the old
	switch rapid.IntRange(0, 6).Draw(t, "try") {
	case 0:
		c.say("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=%s  user=%s", host, c.user)
	case 1:
		failed(words().Draw(t, "method"), "")
	case 2:
		failed("publickey", c.key)
	case 3:
		failed("publickey", fmt.Sprintf(": RSA-CERT ID %s (serial 0) CA RSA SHA256:a", words().Draw(t, "certificate")))
	case 4:
		failed("hostbased", fmt.Sprintf(": RSA SHA256:a, client user %q, client host %q", words().Draw(t, "user"), words().Draw(t, "host")))
	case 5:
		c.say("error: PAM: Authentication failure for %s from %s", c.shown(100), host)
	}
}

func (c *connection) end(t *rapid.T) {
	switch rapid.IntRange(0, 4).Draw(t, "end") {
	case 0:
		c.say("Received disconnect from %s%s:11: %s%s", c.peer, c.portIfTold(), clip(words().Draw(t, "farewell"), 400), c.preauth)
	case 1:
		c.say("%s%s", c.disconnecting("bad service request "+words().Draw(t, "service")), c.preauth)
	case 2:
		c.say("%s%s", c.disconnecting(fmt.Sprintf("Change of username or service not allowed: (%s,%s) -> (%s,x)",
			c.user, words().Draw(t, "service"), words().Draw(t, "new user"))), c.preauth)
	default:
		c.maximum++
		for _, text := range c.tooMany(c) {
			c.say("%s%s", text, c.preauth)
		}
	}
}

// line is what stands in the log.
func (c *connection) line(t *rapid.T, text string) string {
	text = clip(escaped(text), 500)
	if strings.HasPrefix(text, "Failed ") && rapid.IntRange(0, 9).Draw(t, "repeated") == 0 {
		text = fmt.Sprintf("message repeated %d times: [ %s]", 2, text)
	}
	switch rapid.IntRange(0, 4).Draw(t, "header") {
	case 0:
		return fmt.Sprintf("2026-11-22T10:00:00.123456+00:00 host %s[%d]: %s", c.program, c.pid, text)
	case 1:
		return fmt.Sprintf("<38>Nov 22 10:00:00 host %s[%d]: %s", c.program, c.pid, text)
	}
	return fmt.Sprintf("Nov 22 10:00:00 host %s[%d]: %s", c.program, c.pid, text)
}

// Whatever clients say to whatever sshd, and however their lines mingle with
// those of an innocent who mistypes: the innocent is not named, and each
// connection that failed too often is, once.
func TestRecogniser_modelled(t *testing.T) {
	innocent := netip.MustParseAddr("203.0.113.7")
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.SampledFrom(releases()).Draw(t, "release")
		var clients []*connection
		want := 0
		for i := range rapid.IntRange(1, 4).Draw(t, "clients") {
			c := &connection{release: version, peer: client, port: 40000 + i, pid: 100 + i, user: words().Draw(t, "user"), exists: rapid.Bool().Draw(t, "exists")}
			if i%2 == 1 {
				c.peer, c.user, c.exists = innocent, "alice", true
				c.say("Connection from %s port %d on 192.0.2.1 port 22", innocent, c.port)
				c.say("Failed password for alice from %s port %d ssh2", innocent, c.port)
				c.say("Accepted password for alice from %s port %d ssh2", innocent, c.port)
			} else {
				c.attack(t)
			}
			clients, want = append(clients, c), want+c.maximum
		}
		recogniser, got, log := newRecogniser(t), 0, ""
		for len(clients) > 0 {
			i := rapid.IntRange(0, len(clients)-1).Draw(t, "next")
			c := clients[i]
			line := c.line(t, c.said[0])
			log += line + "\n"
			match, outcome := recogniser.Recognise([]byte(line))
			if outcome == event.Recognised {
				if match.Addr != client {
					t.Fatalf("%s named in\n%s", match.Addr, log)
				}
				if match.Kind.Name == "ssh.maxauth" {
					got++
				}
			}
			if c.said = c.said[1:]; len(c.said) == 0 {
				clients = append(clients[:i], clients[i+1:]...)
			}
		}
		if got != want {
			t.Fatalf("OpenSSH %s said %d times that it was too much, recognised were %d:\n%s", version.name, want, got, log)
		}
	})
}
