//go:build !linux

package redistest

import "os/exec"

// startProcess starts a child that ends with the test's clean-up.
func startProcess(name string, args ...string) (*process, error) {
	cmd := exec.Command(name, args...)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended is the test's business
	}()
	return p, nil
}
