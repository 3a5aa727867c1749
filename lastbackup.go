package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// lastBackup is when this node last gave a whole backup. It stands in the state
// directory, so that a restart does not look as if there had never been one.
type lastBackup struct {
	file string
	unix atomic.Int64 // 0: never
}

func readLastBackup(state string) *lastBackup {
	b := &lastBackup{file: filepath.Join(state, "last-backup")}
	content, err := os.ReadFile(b.file)
	if err != nil {
		return b // none yet, or it cannot be told, which should be noticed just as well
	}
	if at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(content))); err == nil {
		b.unix.Store(at.Unix())
	}
	return b
}

// done notes a backup that was sent to its end.
func (b *lastBackup) done(now time.Time) error {
	b.unix.Store(now.Unix())
	if err := os.WriteFile(b.file, []byte(now.UTC().Format(time.RFC3339)+"\n"), 0o600); err != nil {
		return fmt.Errorf("noting the backup: %w", err)
	}
	return nil
}
