package boltledger

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// childEnv names the part that this test binary plays when a test starts it
// as another process, childPath the ledger it plays with.
const (
	childEnv  = "BOLTLEDGER_CHILD"
	childPath = "BOLTLEDGER_PATH"
)

func TestMain(m *testing.M) {
	parts := map[string]func(path string) error{
		"writers":   playWriters,
		"deciders":  playDeciders,
		"full disk": playFullDisk,
		"hold":      playHold,
		"eraser":    playEraser,
	}
	play, isChild := parts[os.Getenv(childEnv)]
	if !isChild {
		os.Exit(m.Run())
	}
	if err := play(os.Getenv(childPath)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child returns this test binary as another process that plays a part.
func child(t *testing.T, part, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+part, childPath+"="+path)
	return cmd
}
