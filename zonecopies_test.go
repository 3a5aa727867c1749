package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A zone's keys are those of the file; what is missing or faulty there is told
// at the start, without the secret.
func TestServeFlags_check_transferKeys(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tsig.keys")
	for name, story := range map[string]struct{ file, keys, zoneKey, want string }{
		"good":      {file, "NS2.example.org hmac-sha256 c2l4dGVlbiBvY3RldHMhIQ==\n", "ns2.example.org.", ""},
		"no file":   {"", "", "ns2.example.org", "give --tsig-key-file"},
		"not there": {file + ".gone", "", "ns2.example.org", "tsig-key-file: reading TSIG keys: open"},
		"not in it": {file, "ns3.example.org hmac-sha256 c2l4dGVlbiBvY3RldHMhIQ==\n", "ns2.example.org", "tsig.keys does not have it"},
		"faulty":    {file, "\nns2.example.org hmac-sha256 c2l4dGVlbiB\n", "ns2.example.org", "line 2: secret of ns2.example.org: want base64"},
	} {
		if err := os.WriteFile(file, []byte(story.keys), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := defaultFlags(t.TempDir())
		flags.Zone = []string{"bl.penaltybox.example,transfer-key=" + story.zoneKey}
		flags.TSIGKeyFile = story.file
		_, err := flags.check()
		switch {
		case story.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case story.want != "" && (err == nil || !strings.Contains(err.Error(), story.want) || strings.Contains(err.Error(), "c2l4dGVlb")):
			t.Errorf("%s: %v, want %q", name, err, story.want)
		}
	}
}
