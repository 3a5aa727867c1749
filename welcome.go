package main

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// welcome is what a first start tells, once.
type welcome struct {
	token   string
	keyFile string
	url     string // of the API
	dns     string // host:port
	zone    string
}

// print writes the key and lines to paste.
func (w welcome) print(out io.Writer) {
	host, port, _ := net.SplitHostPort(w.dns)
	fmt.Fprintf(out, `This ledger is new. Its admin key, shown this once and kept in %s
(do not put this key on other servers):

    %s

Report an address and ask for it:

    curl -H "Authorization: Bearer $(cat %s)" -d ip=203.0.113.7 -d kind=ssh.maxauth %s/v1/incidents
    dig +short @%s -p %s 7.113.0.203.%s

Give every server that reports a key of its own:

    penaltybox reporter add web1

Make sure that your own networks are never listed:

    penaltybox exempt add 198.51.100.0/24 --reason "our office"

`, w.keyFile, w.token, w.keyFile, w.url, host, port, strings.TrimSuffix(w.zone, "."))
}
