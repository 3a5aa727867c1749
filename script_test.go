package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"penaltybox/scoring/redisledger/redistest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"penaltybox": main})
}

// The stories in testdata/script tell what operators do, with the real program
// in a process of its own. Beside testscript's commands they use
//
//	serve NAME [FLAG...]     start a node on free ports and wait until it is ready;
//	                         its state is NAME, its log NAME.log
//	stop NAME                end it as systemd does, and want a clean end
//	kill9 NAME               end it as a power cut does
//	hangup NAME              tell it to read its files again, and wait until it did
//	dig NAME [TYPE]          ask the last started node's DNS with dig
//	dig4 ADDRESS [TYPE]      ask the last started node's DNS with dig
//	exits CODE COMMAND...    run a command that must end with this code
//
// serve sets PENALTYBOX_URL and PENALTYBOX_STATE, so that client commands find
// the node and its admin key. Where LEDGER names a Redis, the node keeps its
// ledger there.
func TestScript(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	runStories(t, "testdata/script", func(env *testscript.Env) { env.Setenv("REDIS", redis.URL()) })
}

// The stories in testdata/guards show each guard on and off. They are the same
// on the embedded ledger and on Redis.
func TestGuardStories(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		runStories(t, "testdata/guards", func(*testscript.Env) {})
	})
	t.Run("redis", func(t *testing.T) {
		redis := redistest.Start(t, "--databases", "64")
		var stories atomic.Int32
		runStories(t, "testdata/guards", func(env *testscript.Env) {
			env.Setenv("LEDGER", redis.URL()+"/"+strconv.Itoa(int(stories.Add(1))))
		})
	})
}

func runStories(t *testing.T, dir string, setup func(*testscript.Env)) {
	if _, err := exec.LookPath("dig"); err != nil {
		t.Fatal("dig is missing: install the Debian package bind9-dnsutils")
	}
	reportSSH, err := filepath.Abs("deploy/clients/ssh/report-ssh.sh")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Values[nodesKey{}] = map[string]*scriptNode{}
			env.Setenv("REPORT_SSH", reportSSH)
			setup(env)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":  scriptServe,
			"stop":   scriptStop,
			"kill9":  scriptKill9,
			"hangup": scriptHangup,
			"dig":    scriptDig,
			"dig4":   scriptDig4,
			"exits":  scriptExits,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// nodesKey is where a script keeps its nodes.
type nodesKey struct{}

// scriptNode is a node that a script started.
type scriptNode struct {
	process *exec.Cmd
	ended   chan error
}

func nodesOf(ts *testscript.TestScript) map[string]*scriptNode {
	return ts.Value(nodesKey{}).(map[string]*scriptNode)
}

// scriptEnv is the environment that a program of the script runs in.
func scriptEnv(ts *testscript.TestScript) []string {
	names := []string{"PATH", "HOME", "TMPDIR"}
	env := make([]string, 0, len(names))
	for _, name := range names {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve NAME [FLAG...]")
	}
	name, flags := args[0], args[1:]
	if ledger := ts.Getenv("LEDGER"); ledger != "" {
		flags = append(flags, "--redis", ledger)
	}
	ready, log := ts.MkAbs(name+".ready"), ts.MkAbs(name+".log")
	if err := os.Remove(ready); err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("removing the old ready file: %v", err)
	}
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer output.Close()

	program, err := exec.LookPath("penaltybox")
	ts.Check(err)
	process := exec.Command(program, append([]string{
		"serve", "--state", ts.MkAbs(name), "--ready-file", ready,
		"--dns-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
	}, flags...)...)
	process.Env, process.Dir = scriptEnv(ts), ts.MkAbs(".")
	process.Stdout, process.Stderr = output, output
	ts.Check(process.Start())
	node := &scriptNode{process, make(chan error, 1)}
	go func() { node.ended <- process.Wait() }()
	nodesOf(ts)[name] = node
	ts.Defer(func() {
		process.Process.Kill()
		content, _ := os.ReadFile(log)
		ts.Logf("[log of %s]\n%s", name, content)
	})
	awaitReady(ts, name, node, ready)
}

// awaitReady waits for the addresses of a node and tells the script.
func awaitReady(ts *testscript.TestScript, name string, node *scriptNode, ready string) {
	var bound struct{ DNS, HTTP []string }
	deadline := time.Now().Add(30 * time.Second)
	for {
		content, err := os.ReadFile(ready)
		if err == nil && json.Unmarshal(content, &bound) == nil {
			break
		}
		select {
		case err := <-node.ended:
			ts.Fatalf("serve %s ended before it was ready: %v", name, err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			ts.Fatalf("serve %s is not ready after 30 seconds", name)
		}
	}
	ts.Setenv("DNS", bound.DNS[0])
	if len(bound.HTTP) > 0 {
		ts.Setenv("HTTP", "http://"+bound.HTTP[0])
		ts.Setenv("PENALTYBOX_URL", "http://"+bound.HTTP[0])
	}
	ts.Setenv("PENALTYBOX_STATE", ts.MkAbs(name))
}

func scriptStop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stop NAME")
	}
	if err := endNode(ts, args[0], syscall.SIGTERM); err != nil {
		ts.Fatalf("stop %s: %v", args[0], err)
	}
}

func scriptKill9(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: kill9 NAME")
	}
	if err := endNode(ts, args[0], syscall.SIGKILL); err == nil {
		ts.Fatalf("kill9 %s: it had ended cleanly before", args[0])
	}
}

func scriptHangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup NAME")
	}
	node, ok := nodesOf(ts)[args[0]]
	if !ok {
		ts.Fatalf("no node %s was started", args[0])
	}
	told := func() int { return strings.Count(ts.ReadFile(args[0]+".log"), "hangup: ") }
	before := told()
	ts.Check(node.process.Process.Signal(syscall.SIGHUP))
	for deadline := time.Now().Add(30 * time.Second); told() == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("hangup %s: it told nothing within 30 seconds", args[0])
		}
	}
}

// endNode signals a node and waits for its end.
func endNode(ts *testscript.TestScript, name string, signal os.Signal) error {
	node, ok := nodesOf(ts)[name]
	if !ok {
		ts.Fatalf("no node %s was started", name)
	}
	delete(nodesOf(ts), name)
	if err := node.process.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case err := <-node.ended:
		return err
	case <-time.After(30 * time.Second):
		ts.Fatalf("%s did not end within 30 seconds", name)
		return nil
	}
}

func scriptDig4(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: dig4 ADDRESS [TYPE]")
	}
	addr, err := netip.ParseAddr(args[0])
	if err != nil || !addr.Is4() {
		ts.Fatalf("dig4 %s: want an IPv4 address", args[0])
	}
	octets := strings.Split(args[0], ".")
	slices.Reverse(octets)
	args[0] = strings.Join(octets, ".") + ".bl.penaltybox.example"
	scriptDig(ts, neg, args)
}

func scriptDig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: dig NAME [TYPE]")
	}
	host, port, err := net.SplitHostPort(ts.Getenv("DNS"))
	ts.Check(err)
	query := []string{"+short", "+time=5", "+tries=2", "@" + host, "-p", port}
	ts.Check(ts.Exec("dig", append(query, args...)...))
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s: exits with %d, want %d", filepath.Base(strings.Join(args[1:], " ")), got, want)
	}
}
