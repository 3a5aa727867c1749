package dnsbl

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Sizes of a cookie (RFC 7873 §4) and of the server's part that this server
// makes (RFC 9018 §4).
const (
	clientCookieOctets    = 8
	minServerCookieOctets = 8
	maxCookieOctets       = 40
	ownCookieOctets       = 16
)

// cookieVersion is the one version of server cookies (RFC 9018 §4.1).
const cookieVersion = 1

// How long a server cookie is good (RFC 9018 §4.3).
const (
	cookieLifetime = time.Hour
	cookieRefresh  = 30 * time.Minute // older ones are good, but replaced
	cookieAhead    = 5 * time.Minute  // made by a server whose clock is ahead
)

// cookie is the COOKIE option of a query: the client's part, which the reply
// repeats, and perhaps what a server gave the client earlier.
type cookie struct {
	length int // 0: none
	octets [maxCookieOctets]byte
}

// read takes the data of a COOKIE option, and reports false when its length is
// none that a cookie has (RFC 7873 §5.2.2).
func (c *cookie) read(data []byte) bool {
	whole := len(data) >= clientCookieOctets+minServerCookieOctets && len(data) <= maxCookieOctets
	if len(data) != clientCookieOctets && !whole {
		return false
	}
	c.length = copy(c.octets[:], data)
	return true
}

// client is the client's part.
func (c *cookie) client() []byte { return c.octets[:clientCookieOctets] }

// server is the server's part, empty when the client has none yet.
func (c *cookie) server() []byte { return c.octets[clientCookieOctets:c.length] }

// CookieSecrets are what server cookies are made with (RFC 9018). Servers that
// answer for one another, such as those of an anycast address, share them. The
// zero value stands for a random secret.
type CookieSecrets struct {
	current, previous sipKey
	given, rolling    bool // current, previous
}

// ParseCookieSecrets reads the secret that cookies are made with, 32
// hexadecimal digits on a line of its own, and perhaps on a second line the
// one before it, whose cookies are still taken. To change it everywhere without
// refusing a cookie, give all servers the new one as the second line first,
// then swap the lines, and an hour later take the old one out (RFC 9018 §5).
// Blank lines and those that begin with "#" are skipped.
func ParseCookieSecrets(text string) (CookieSecrets, error) {
	var secrets []sipKey
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		octets, err := hex.DecodeString(line)
		if err != nil || len(octets) != len(sipKey{}) {
			// The line may be nearly right: it stays secret.
			return CookieSecrets{}, fmt.Errorf("cookie secret: line %d: want 32 hexadecimal digits, such as openssl rand -hex 16 prints", number)
		}
		secrets = append(secrets, sipKey(octets))
	}
	switch len(secrets) {
	case 1:
		return CookieSecrets{current: secrets[0], given: true}, nil
	case 2:
		return CookieSecrets{current: secrets[0], previous: secrets[1], given: true, rolling: true}, nil
	}
	return CookieSecrets{}, errors.New("cookie secret: want one line, or two while it changes")
}

// orRandom returns the secrets, or a random one where none was given.
func (s CookieSecrets) orRandom() CookieSecrets {
	if !s.given {
		rand.Read(s.current[:])
		s.given = true
	}
	return s
}

// verify tells whether the server's part of a cookie was given to this client
// within the last hour, and whether it need not be replaced yet.
func (s *CookieSecrets) verify(c *cookie, client netip.Addr, now time.Time) (good, fresh bool) {
	if c.length != clientCookieOctets+ownCookieOctets {
		return false, false
	}
	server := c.server()
	if server[0] != cookieVersion {
		return false, false
	}
	// Serial number arithmetic, good beyond 2106 (RFC 9018 §4.3).
	made := binary.BigEndian.Uint32(server[4:])
	age := time.Duration(int32(uint32(now.Unix())-made)) * time.Second
	if age > cookieLifetime || age < -cookieAhead {
		return false, false
	}
	if s.current.signed(c, client) {
		return true, age <= cookieRefresh
	}
	return s.rolling && s.previous.signed(c, client), false
}

// signed tells whether a server cookie of version 1 bears the hash by this key.
func (k sipKey) signed(c *cookie, client netip.Addr) bool {
	server := c.server()
	want := k.cookieHash(c.client(), server[:8], client)
	return subtle.ConstantTimeCompare(want[:], server[8:]) == 1
}

// cookieHash is the hash of RFC 9018 §4.4; head is version, reserved octets and
// time.
func (k sipKey) cookieHash(clientCookie, head []byte, client netip.Addr) (hash [8]byte) {
	var message [clientCookieOctets + 8 + 16]byte
	n := copy(message[:], clientCookie)
	n += copy(message[n:], head)
	if client = client.Unmap(); client.Is4() {
		octets := client.As4()
		n += copy(message[n:], octets[:])
	} else {
		octets := client.As16()
		n += copy(message[n:], octets[:])
	}
	binary.LittleEndian.PutUint64(hash[:], k.sum(message[:n]))
	return hash
}

// appendReply appends the cookie that answers a query's: the same while it is
// fresh, else a new one. It is the data of a COOKIE option, 24 octets long.
func (s *CookieSecrets) appendReply(reply []byte, c *cookie, client netip.Addr, now time.Time) []byte {
	if _, fresh := s.verify(c, client, now); fresh {
		return append(reply, c.octets[:c.length]...)
	}
	var head [8]byte
	head[0] = cookieVersion
	binary.BigEndian.PutUint32(head[4:], uint32(now.Unix()))
	hash := s.current.cookieHash(c.client(), head[:], client)
	reply = append(reply, c.client()...)
	reply = append(reply, head[:]...)
	return append(reply, hash[:]...)
}
