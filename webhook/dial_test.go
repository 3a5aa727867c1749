package webhook

import (
	"strings"
	"testing"
	"time"

	"penaltybox/scoring/control"
)

// A webhook reaches its operator's own network, and not what a cloud tells its
// machines alone; however the address is written.
func TestTransport(t *testing.T) {
	t.Parallel()
	client := newClient()
	for url, refused := range map[string]bool{
		"http://169.254.169.254/latest/meta-data/": true,
		"http://[::ffff:169.254.169.254]/":         true,
		"http://[fe80::1]/":                        true,
		"http://0.0.0.0:1/":                        true,
		"http://[::]:1/":                           true,
		"http://127.0.0.1:1/":                      false, // nobody is there
		"http://[::ffff:127.0.0.1]:1/":             false,
	} {
		_, err := message{id: "msg_1", body: []byte("{}")}.send(t.Context(), client, control.WebhookSecret{URL: url, Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}, time.Unix(1795341600, 0))
		if err == nil || strings.Contains(err.Error(), "are not sent to") != refused {
			t.Errorf("%s: %v, refused should be %t", url, err, refused)
		}
	}
}
