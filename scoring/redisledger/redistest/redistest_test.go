package redistest_test

import (
	"testing"

	"penaltybox/scoring/redisledger/redistest"
)

func TestServer_Restart_keepsWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		start func(testing.TB, ...string) *redistest.Server
		want  string
	}{
		"durable":   {redistest.StartDurable, "kept"},
		"forgetful": {redistest.Start, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.start(t)
			s.Do("SET", "key", "kept")
			addr := s.Addr()
			s.Kill()
			s.Restart()
			if got := s.Do("GET", "key"); got != c.want || s.Addr() != addr {
				t.Errorf("after kill -9: %q at %s, want %q at %s", got, s.Addr(), c.want, addr)
			}
		})
	}
}

func TestStartCluster_servesEverySlot(t *testing.T) {
	t.Parallel()
	s := redistest.StartCluster(t)
	for _, key := range []string{"{0}", "{1}", "{15}"} {
		if got := s.Do("SET", key, "x"); got != "OK" {
			t.Errorf("SET %s = %q, want OK", key, got)
		}
	}
}
