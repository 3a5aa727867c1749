package redistest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startProcess starts a child that the kernel kills when this process dies,
// however it dies.
func startProcess(name string, args ...string) (*process, error) {
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(p.done)
		// The parent, to the kernel, is the thread: it must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is the test's business
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}
