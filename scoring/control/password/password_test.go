package password_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"penaltybox/scoring/control/password"
)

const horse = "correct horse battery"

func TestHasher(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(1)
	hash, err := h.Hash(t.Context(), horse)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("Hash = %q, %v", hash, err)
	}
	if again, _ := h.Hash(t.Context(), horse); again == hash {
		t.Error("two hashes of a password are alike: there is no salt")
	}
	for guess, want := range map[string]bool{horse: true, "": false, horse + " ": false, strings.ToUpper(horse): false, hash: false} {
		if got, err := h.Matches(t.Context(), guess, hash); err != nil || got != want {
			t.Errorf("Matches(%q) = %t, %v", guess, got, err)
		}
	}
	if got, err := h.Matches(t.Context(), horse, ""); err != nil || got {
		t.Errorf("somebody without a password: %t, %v", got, err)
	}
}

// What another program wrote (the reference implementation: echo -n password |
// argon2 somesalt -id -v 13 -t 2 -k 65536 -p 1 -l 24 -e), and RFC 9106's
// second recommendation, are read.
func TestHasher_Matches_others(t *testing.T) {
	t.Parallel()
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := password.NewHasher(1)
	if got, err := h.Matches(t.Context(), "password", reference); err != nil || !got {
		t.Errorf("the reference implementation's hash: %t, %v", got, err)
	}
	if got, err := h.Matches(t.Context(), "Password", reference); err != nil || got {
		t.Errorf("another password: %t, %v", got, err)
	}
}

// A record that is broken, or costs more than a node has, opens to nobody.
func TestHasher_Matches_refused(t *testing.T) {
	t.Parallel()
	const salt, tag = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, hash := range []string{
		"x", "$", "plain text",
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + tag,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + tag,
		"$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + tag,
		"$argon2id$v=19$m=19456,t=99999,p=1$" + salt + "$" + tag,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + tag,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + tag,
		"$argon2id$v=19$m=19456,t=2,p=255$" + salt + "$" + tag,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$$" + tag,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag + "$",
	} {
		if got, err := password.NewHasher(1).Matches(t.Context(), "", hash); err == nil || got {
			t.Errorf("%s: %t, %v", hash, got, err)
		}
	}
}

// Who waits for a turn may go; somebody without a password waits like others.
func TestHasher_turns(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(1)
	release := h.Occupy()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(gone, horse); !errors.Is(err, context.Canceled) {
		t.Errorf("Hash while all turns are taken = %v, want that the wait was ended", err)
	}
	if _, err := h.Matches(gone, horse, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Matches of nobody's password = %v, want that it costs a turn", err)
	}
	release()
	if _, err := h.Hash(t.Context(), horse); err != nil {
		t.Errorf("Hash when it is free again = %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"short": "want at least 10", "": "0 characters", "äöüäöüäöü": "9 characters", "äöüäöüäöüß": "", horse: "",
		strings.Repeat("x", 257): "at most 256", "0123456789\xff": "no UTF-8",
	} {
		err := password.Check(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%q) = %v, want %q", text, err, want)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("Check(%q) tells the password: %v", text, err)
		}
	}
}
