package control

import (
	"crypto/sha256"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var tokenShape = regexp.MustCompile(`^pbx_([a-z2-7]{8})_([a-z2-7]{52})_([a-z2-7]{7})$`)

func TestNewToken_shape(t *testing.T) {
	t.Parallel()
	token, id := NewToken("")
	if !tokenShape.MatchString(token) {
		t.Errorf("token %q does not read pbx_ID_SECRET_CHECK", token)
	}
	if len(id) != 8 || !strings.HasPrefix(token, "pbx_"+id+"_") {
		t.Errorf("token %q does not begin with its id %q", token, id)
	}
	other, otherID := NewToken("")
	if token == other || id == otherID {
		t.Errorf("two tokens are alike: %q and %q", token, other)
	}
	if token, id := NewToken(adminKeyID); id != adminKeyID || !tokenShape.MatchString(token) {
		t.Errorf("NewToken(%q) = %q, %q", adminKeyID, token, id)
	}
}

func TestSplitToken(t *testing.T) {
	t.Parallel()
	token, wantID := NewToken("")
	secret := strings.Split(token, "_")[2]
	for _, text := range []string{token, "  " + token + "\r\n"} {
		id, hash, err := splitToken(text)
		if err != nil || id != wantID || hash != sha256.Sum256([]byte(secret)) {
			t.Errorf("splitToken(%q) = %q, %x, %v", text, id, hash, err)
		}
	}
}

func TestSplitToken_malformed(t *testing.T) {
	t.Parallel()
	token, _ := NewToken("")
	for name, text := range map[string]string{
		"empty":         "",
		"cut":           token[:len(token)-1],
		"cut in front":  token[1:],
		"longer":        token + "a",
		"two":           token + token,
		"upper case":    strings.ToUpper(token),
		"another brand": "pbk" + token[3:],
		"no checksum":   token[:strings.LastIndexByte(token, '_')],
		"with a header": "Bearer " + token,
		"other digits":  strings.Map(func(r rune) rune { return map[rune]rune{'_': '-'}[r] }, token),
	} {
		if id, _, err := splitToken(text); !errors.Is(err, ErrMalformedKey) {
			t.Errorf("%s: splitToken(%q) = %q, %v, want ErrMalformedKey", name, text, id, err)
		}
	}
}

// One mistyped character is always told as such: CRC-32 finds every burst of
// up to 32 bits.
func TestSplitToken_mistyped(t *testing.T) {
	t.Parallel()
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	rapid.Check(t, func(t *rapid.T) {
		token, _ := NewToken("")
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		digit := digits[rapid.IntRange(0, len(digits)-1).Draw(t, "digit")]
		if token[at] == digit {
			return
		}
		typed := token[:at] + string(digit) + token[at+1:]
		if _, _, err := splitToken(typed); !errors.Is(err, ErrMalformedKey) {
			t.Fatalf("%q, mistyped as %q, is taken (%v)", token, typed, err)
		}
	})
}

func FuzzSplitToken(f *testing.F) {
	token, _ := NewToken("adminkey")
	for _, seed := range []string{"", "pbx_", token, token + "\n", token[:70], strings.Repeat("_", 72)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, hash, err := splitToken(text)
		if err != nil {
			if id != "" || hash != [32]byte{} {
				t.Errorf("splitToken(%q) refuses, yet returns %q, %x", text, id, hash)
			}
			return
		}
		body := "pbx_" + id + "_" + strings.Split(text, "_")[2]
		if strings.TrimSpace(text) != body+"_"+check(body) || !tokenShape.MatchString(strings.TrimSpace(text)) {
			t.Errorf("splitToken(%q) takes a token that does not end in its checksum", text)
		}
	})
}
