package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns the two ends of a terminal: where somebody types, and
// where a program reads.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// echoes tells whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Error(err)
		return false
	}
	return state.Lflag&unix.ECHO != 0
}

// typist answers each question that is asked, once the terminal shows nothing.
type typist struct {
	*testing.T
	person, program *os.File
	answers         []string
	asked           bytes.Buffer
	typing          sync.WaitGroup
}

// Write hears a question. The answer is typed by another, who waits until the
// program has made the terminal quiet.
func (ty *typist) Write(text []byte) (int, error) {
	if strings.HasSuffix(string(text), ": ") && len(ty.answers) > 0 {
		answer := ty.answers[0]
		ty.answers = ty.answers[1:]
		ty.typing.Go(func() {
			for echoes(ty.T, ty.program) {
			}
			io.WriteString(ty.person, answer+"\n")
		})
	}
	return ty.asked.Write(text)
}

func TestAskSecrets_terminal(t *testing.T) {
	for name, test := range map[string]struct {
		typed []string
		want  string
		err   string
	}{
		"twice the same": {[]string{"old one", "correct horse", "correct horse"}, "[old one correct horse]", ""},
		"mistyped":       {[]string{"old one", "correct horse", "corect horse"}, "[]", "they differ"},
	} {
		t.Run(name, func(t *testing.T) {
			person, program := openTerminal(t)
			ty := &typist{T: t, person: person, program: program, answers: test.typed}
			s := newStreams(program, io.Discard, ty)
			got, err := askSecrets(t.Context(), s, secretQuestion{text: "Old"}, secretQuestion{text: "New", twice: true})
			ty.typing.Wait() // before the terminal is closed
			if fmt.Sprint(got) != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("askSecrets = %q, %v; want %s, %q", got, err, test.want, test.err)
			}
			if asked := ty.asked.String(); asked != "Old: \nNew: \nOnce more: \n" {
				t.Errorf("asked %q", asked)
			}
			if !echoes(t, program) {
				t.Error("the terminal stays quiet")
			}
		})
	}
}

// Whoever gives up finds the terminal as it was.
func TestAskSecrets_interrupted(t *testing.T) {
	person, program := openTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := askSecrets(ctx, newStreams(program, io.Discard, io.Discard), secretQuestion{text: "New", twice: true})
		asked <- err
	}()
	for echoes(t, program) {
	}
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("askSecrets = %v", err)
	}
	if !echoes(t, program) {
		t.Error("the terminal stays quiet")
	}

	// A line ends the read that was given up, and with it the last that is done to
	// the terminal, whose descriptor may be another's next.
	hush(t, program)
	io.WriteString(person, "\n")
	for !echoes(t, program) {
	}
}

// hush makes a terminal show nothing of what is typed.
func hush(t *testing.T, terminal *os.File) {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
}
