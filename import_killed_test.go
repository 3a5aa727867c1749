package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An import that is interrupted or killed in the middle is carried on by the
// next: every address of the file has one incident, and only what --replace did
// not find in the file is withdrawn.
func TestImport_killed(t *testing.T) {
	t.Parallel()
	const rows, kept = 60_000, 40 // before, of other addresses
	for name, flags := range backends(t) {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
			for _, replace := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/replace=%t", name, signal, replace), func(t *testing.T) {
					node := startNode(t, flags())
					node.post("/v1/reporters", `{"name":"drone","role":"reporter"}`)
					i := interruptedImport{t, node, filepath.Join(t.TempDir(), "list.txt")}
					i.write(kept, "198.18")
					i.whole()
					i.write(rows, "45.1")
					i.interrupt(signal, replace)
					sum := i.whole(map[bool]string{true: "--replace"}[replace])
					if sum.Unchanged == 0 || sum.Recorded == 0 || sum.Recorded+sum.Unchanged != rows {
						t.Errorf("the next import records %d and finds %d", sum.Recorded, sum.Unchanged)
					}
					live, withdrawn := i.incidents()
					want := map[bool][2]int{false: {rows + kept, 0}, true: {rows, kept}}[replace]
					if len(live) != want[0] || withdrawn != want[1] {
						t.Errorf("%d addresses have incidents and %d are withdrawn, want %v", len(live), withdrawn, want)
					}
					for prefix, count := range live {
						if count != 1 {
							t.Errorf("%s has %d incidents", prefix, count)
						}
					}
				})
			}
		}
	}
}

// interruptedImport imports a file in processes of their own.
type interruptedImport struct {
	t    *testing.T
	node *testNode
	file string
}

// write makes the file anew, with so many addresses of a network.
func (i interruptedImport) write(count int, net string) {
	i.t.Helper()
	var list bytes.Buffer
	for n := range count {
		fmt.Fprintf(&list, "%s.%d.%d\n", net, n>>8, n&255)
	}
	if err := os.WriteFile(i.file, list.Bytes(), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i interruptedImport) command(stdout, stderr *bytes.Buffer, args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], "import", "--reporter", "drone", "--kind", "scan.port", "--json", i.file)
	for _, arg := range args {
		if arg != "" {
			command.Args = append(command.Args, arg)
		}
	}
	command.Env = append(os.Environ(), asMain+"=1", "PENALTYBOX_URL=http://"+i.node.http, "PENALTYBOX_KEY="+i.node.key)
	command.Stdout, command.Stderr = stdout, stderr
	return command
}

// whole imports all of the file, and prints nothing but the sums.
func (i interruptedImport) whole(args ...string) importSum {
	i.t.Helper()
	var stdout, stderr bytes.Buffer
	if err := i.command(&stdout, &stderr, args...).Run(); err != nil || stderr.Len() > 0 {
		i.t.Fatalf("%v: %s", err, &stderr)
	}
	var sum importSum
	if err := json.Unmarshal(stdout.Bytes(), &sum); err != nil {
		i.t.Fatal(err)
	}
	return sum
}

// interrupt ends an import once the server has some of the file. Who interrupts
// is told how to go on.
func (i interruptedImport) interrupt(signal syscall.Signal, replace bool) {
	i.t.Helper()
	var stdout, stderr bytes.Buffer
	command := i.command(&stdout, &stderr, map[bool]string{true: "--replace"}[replace])
	if err := command.Start(); err != nil {
		i.t.Fatal(err)
	}
	eventually(i.t, "the server has some of the file", func() (bool, error) {
		if !strings.Contains(string(i.node.get("/v1/ips/45.1.0.1").body), "scan.port") {
			return false, fmt.Errorf("nothing yet")
		}
		return true, nil
	})
	if err := command.Process.Signal(signal); err != nil {
		i.t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		i.t.Fatalf("the import was over before it was interrupted: %s", &stdout)
	}
	if told := strings.Contains(stderr.String(), "import the same file again"); told != (signal == syscall.SIGINT) {
		i.t.Errorf("%s: %s", signal, &stderr)
	}
}

// incidents returns how many live ones each prefix has, and how many are
// withdrawn.
func (i interruptedImport) incidents() (live map[string]int, withdrawn int) {
	i.t.Helper()
	got, err := i.node.call("GET", "/v1/incidents?reporter=drone", "", "", "Accept", "application/x-ndjson")
	if err != nil {
		i.t.Fatal(err)
	}
	live = map[string]int{}
	for decoder := json.NewDecoder(bytes.NewReader(got.body)); decoder.More(); {
		var in incidentView
		if err := decoder.Decode(&in); err != nil {
			i.t.Fatal(err)
		}
		if in.Withdrawn {
			withdrawn++
		} else {
			live[in.Prefix]++
		}
	}
	return live, withdrawn
}
