package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// StartSentinel runs a Sentinel that alone watches a master, under a name, and
// puts a replica in its place a second after the master stops answering.
func StartSentinel(t testing.TB, name string, master *Server) *Server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "sentinel.conf") // it writes there what it learns
	text := fmt.Sprintf("sentinel monitor %[1]s 127.0.0.1 %[2]d 1\nsentinel down-after-milliseconds %[1]s 1000\nsentinel failover-timeout %[1]s 5000\n", name, master.port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatalf("configuring Sentinel: %v", err)
	}
	return start(t, []string{"--sentinel"}, config)
}
