package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"penaltybox/scoring/control/password"
)

// reporterPasswordCommand gives a reporter a password for the pages.
type reporterPasswordCommand struct {
	remote
	stopped
	Name   string `arg:"" help:"Name of the reporter."`
	Own    bool   `help:"You are that reporter, and no admin: give the old password first."`
	Remove bool   `help:"Take the password away."`
}

// Help implements kong.HelpProvider.
func (reporterPasswordCommand) Help() string {
	return `With a name and a password people sign in on the page /report; programs use keys.
It is asked for on the terminal, or is one line of standard input (with --own
two, the old one first). Whoever is signed in with the old one is signed out.

  penaltybox reporter password anna
  pwgen 20 1 | tee anna.password | penaltybox reporter password anna
  penaltybox reporter password anna --own --key-file anna.key
  penaltybox reporter password anna --remove`
}

// Run sets or removes the password.
func (cmd *reporterPasswordCommand) Run(ctx context.Context, s *streams) error {
	if cmd.Offline && cmd.Own {
		return usagef("--offline needs no old password: leave --own out")
	}
	questions := cmd.questions()
	answers, err := askSecrets(ctx, s, questions...)
	if err != nil {
		return fmt.Errorf("reading a password: %w", err)
	}
	var old, chosen string
	if cmd.Own {
		old = answers[0]
	}
	if !cmd.Remove {
		chosen = answers[len(answers)-1]
		if err := password.Check(chosen); err != nil {
			return err
		}
	}
	if cmd.Offline {
		err = cmd.with(ctx, cmd.State, func(ledger *offline) error { return cmd.setOffline(ctx, s, ledger, chosen) })
	} else {
		err = cmd.send(ctx, old, chosen)
	}
	if err != nil {
		return fmt.Errorf("changing the password of %s: %w", cmd.Name, err)
	}
	if s.outTerminal {
		_, err = fmt.Fprintf(s.out, "%s: the password is %s; whoever was signed in with the old one is signed out\n", cmd.Name, cmd.done())
	}
	return err
}

func (cmd *reporterPasswordCommand) done() string {
	if cmd.Remove {
		return "gone"
	}
	return "set"
}

// questions are what to ask for.
func (cmd *reporterPasswordCommand) questions() []secretQuestion {
	var questions []secretQuestion
	if cmd.Own {
		questions = append(questions, secretQuestion{text: "Old password of " + cmd.Name})
	}
	if !cmd.Remove {
		questions = append(questions, secretQuestion{text: "New password of " + cmd.Name, twice: true})
	}
	return questions
}

// send asks the server for the change.
func (cmd *reporterPasswordCommand) send(ctx context.Context, old, chosen string) error {
	c, err := cmd.dial()
	if err != nil {
		return err
	}
	body := map[string]string{}
	if cmd.Own {
		body["old"] = old
	}
	r := request{method: http.MethodPut, path: "/v1/reporters/" + url.PathEscape(cmd.Name) + "/password", body: body}
	if cmd.Remove {
		r.method = http.MethodDelete
	} else {
		body["password"] = chosen
	}
	_, err = c.call(ctx, r, nil)
	return err
}

// setOffline changes the password in the ledger of a stopped server.
func (cmd *reporterPasswordCommand) setOffline(ctx context.Context, s *streams, ledger *offline, chosen string) error {
	if cmd.Remove {
		return ledger.Registrar.DropPassword(ctx, cmd.Name)
	}
	hash, err := password.NewHasher(1).Hash(ctx, chosen)
	if err != nil {
		return err
	}
	_, err = ledger.Registrar.SetPassword(ctx, s.now(), cmd.Name, hash)
	return err
}
