package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// secretQuestion asks for a secret; for a new one twice.
type secretQuestion struct {
	text  string
	twice bool
}

// askSecrets asks a person for secrets without showing them; from anything else
// it reads a line for each.
func askSecrets(ctx context.Context, s *streams, questions ...secretQuestion) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	file, isFile := s.in.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return secretLines(s.in, len(questions))
	}
	var answers []string
	for _, question := range questions {
		answer, err := askSecret(ctx, s, file, question.text)
		if err != nil {
			return nil, err
		}
		if question.twice {
			again, err := askSecret(ctx, s, file, "Once more")
			if err != nil {
				return nil, err
			}
			if again != answer {
				return nil, errors.New("they differ; nothing was changed")
			}
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// askSecret reads a line from a terminal that does not show it. When ctx ends
// before, the terminal shows what is typed again.
func askSecret(ctx context.Context, s *streams, terminal *os.File, question string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(s.err, "%s: ", question)
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answered <- answer{text, err}
	}()
	defer fmt.Fprintln(s.err)
	select {
	case a := <-answered:
		return string(a.text), a.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}

// secretLines reads so many lines.
func secretLines(in io.Reader, count int) ([]string, error) {
	reader := bufio.NewReader(io.LimitReader(in, 4096))
	var lines []string
	for range count {
		line, err := reader.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("standard input has %d lines, want %d", len(lines), count)
			}
			return nil, err
		}
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return lines, nil
}
