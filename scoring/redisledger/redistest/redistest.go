// Package redistest starts a real redis-server for a test: on loopback, on a
// free port, in a directory of its own, ended with the test.
//
// [Start] keeps nothing and [StartDurable] keeps everything through a kill.
// Both take further redis-server arguments ("--maxmemory", "100mb").
// [StartCluster] starts a Cluster of one node, [StartSentinel] what watches over
// a master and its replicas.
package redistest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds how long a server may take to answer after its start:
// generous, because it may have a large file to load on a busy machine.
const startTimeout = 30 * time.Second

// Server is a running redis-server. Its methods fail the test by themselves.
type Server struct {
	t      testing.TB
	port   int
	dir    string
	args   []string
	config []string // a configuration file, if there is one

	process *process
}

// Start runs a redis-server that forgets everything when it ends.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, append([]string{"--appendonly", "no"}, args...))
}

// StartDurable runs a redis-server that has given every command to the kernel
// for its append-only file before it answers, so that a killed one loses
// nothing it acknowledged. Only a power failure would; a test has none, and
// need not wait for the disk.
func StartDurable(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, append([]string{"--appendonly", "yes", "--appendfsync", "no"}, args...))
}

// StartCluster runs a Redis Cluster of one node that serves every slot.
func StartCluster(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(t))}, args...)...)
	s.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	for deadline := time.Now().Add(startTimeout); !strings.Contains(s.Do("CLUSTER", "INFO"), "cluster_state:ok"); {
		if time.Now().After(deadline) {
			t.Fatalf("redis cluster at %s: not ready within %v", s.Addr(), startTimeout)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return s
}

func start(t testing.TB, args []string, config ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("finding redis-server: %v; install the Debian package redis-server", err)
	}
	s := &Server{t: t, dir: t.TempDir(), args: args, config: config}
	t.Cleanup(s.Kill)
	// Another process may take a free port before Redis does.
	for attempt := 1; ; attempt++ {
		s.port = freePort(t)
		err := s.launch()
		if err == nil {
			return s
		}
		if attempt == 5 {
			t.Fatalf("starting redis-server: %v", err)
		}
	}
}

// Addr returns the host and port of the server.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns the redis:// URL of the server.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Stop ends the server in the orderly way, if it runs.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Kill ends the server as kill -9 does, if it runs.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Pause stops the server from running without ending it: it takes
// connections and never answers. Resume lets it run on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

// Restart starts the server again on its port and directory, with further
// arguments for this run; a running one is stopped first.
func (s *Server) Restart(args ...string) {
	s.t.Helper()
	s.Stop()
	if err := s.launch(args...); err != nil {
		s.t.Fatalf("restarting redis-server: %v", err)
	}
}

// Do sends one command, such as Do("FLUSHALL"), and returns the reply as text:
// strings and numbers as they are, arrays one element a line.
func (s *Server) Do(command ...string) string {
	s.t.Helper()
	reply, err := s.ask(startTimeout, command...)
	if err != nil {
		s.t.Fatalf("redis command %q: %v", command, err)
	}
	return reply
}

// Holds tells whether a snapshot taken now, or any file that the server keeps
// its data in, has a text in it. It finds nothing that is stored compressed:
// see the setting rdbcompression.
func (s *Server) Holds(text string) bool {
	s.t.Helper()
	if _, err := s.ask(startTimeout, "SAVE"); err != nil && !strings.Contains(err.Error(), "in progress") {
		s.t.Fatalf("taking a snapshot: %v", err)
	}
	held := false
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (entry.IsDir() || entry.Name() == "redis.log") {
			return nil // it may replace a file meanwhile
		}
		content, err := os.ReadFile(path)
		held = held || bytes.Contains(content, []byte(text))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		s.t.Fatalf("reading the files of redis-server: %v", err)
	}
	return held
}

// launch starts the process and waits until it serves.
func (s *Server) launch(more ...string) error {
	args := append(slices.Clone(s.config),
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port),
		"--dir", s.dir, "--save", "", "--daemonize", "no",
		"--logfile", filepath.Join(s.dir, "redis.log"),
	)
	args = append(append(args, s.args...), more...)
	p, err := startProcess("redis-server", args...)
	if err != nil {
		return err
	}
	s.process = p
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(5 * time.Millisecond) {
		reply, err := s.ask(time.Second, "PING")
		switch {
		case err == nil && reply == "PONG" && !p.ended():
			return nil
		case p.ended():
			return fmt.Errorf("port %d: ended at once, see its log: %w", s.port, tail(filepath.Join(s.dir, "redis.log")))
		case time.Now().After(deadline):
			s.Kill()
			return fmt.Errorf("port %d: no answer within %v: %w", s.port, startTimeout, err)
		}
	}
}

func (s *Server) end(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	s.process.end(signal)
	s.process = nil
}

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatalf("sending %v to redis-server: it does not run", signal)
	}
	if err := s.process.cmd.Process.Signal(signal); err != nil {
		s.t.Fatalf("sending %v to redis-server: %v", signal, err)
	}
}

// ask sends one command over a connection of its own. It speaks the protocol
// by itself, so that tests of a client do not rest on that client.
func (s *Server) ask(timeout time.Duration, command ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Addr(), timeout)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return "", err
	}
	request := fmt.Sprintf("*%d\r\n", len(command))
	for _, word := range command {
		request += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return "", err
	}
	return readReply(bufio.NewReader(conn))
}

// freePort returns a TCP port of loopback that nobody listened on just now,
// below those that the system gives to outgoing connections: a server that is
// away for a while wants it back.
func freePort(t testing.TB) int {
	t.Helper()
	var config net.ListenConfig
	for range 100 {
		port := 20_000 + rand.N(12_000)
		listener, err := config.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			_ = listener.Close() // nobody connected
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// process is a child that does not outlive its parent.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	once sync.Once
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end sends a signal and waits; a process that does not heed it in time is
// killed.
func (p *process) end(signal syscall.Signal) {
	p.once.Do(func() {
		// The errors say that it ended already.
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		_ = p.cmd.Process.Signal(signal)
		select {
		case <-p.done:
		case <-time.After(startTimeout):
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	})
}
