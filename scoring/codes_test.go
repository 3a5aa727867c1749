package scoring

import (
	"slices"
	"strings"
	"testing"
)

// R27: codes lie within 127.0.0.[2..127], 127.0.0.2 is always there, and no
// value comes twice.
func TestCodes_Octets(t *testing.T) {
	t.Parallel()
	categories := DefaultPolicy().Categories // ssh 3, web 4, forum 5, …
	for name, c := range map[string]struct {
		codes Codes
		set   CategorySet
		want  []uint8
	}{
		"the policy's":              {nil, 1 | 1<<1, []uint8{2, 3, 4}},
		"one overridden":            {Codes{"ssh": 13}, 1 | 1<<1, []uint8{2, 4, 13}},
		"two share one":             {Codes{"ssh": 4}, 1 | 1<<1, []uint8{2, 4}},
		"none of its own":           {Codes{"ssh": 2}, 1, []uint8{2}},
		"of no category":            {Codes{"ssh": 13}, 0, []uint8{2}},
		"bits beyond the policy's":  {nil, 1 | 1<<31, []uint8{2, 3}},
		"a name the policy has not": {Codes{"smoke": 9}, 1, []uint8{2, 3}},
	} {
		if got := c.codes.Octets(categories, c.set); !slices.Equal(got, c.want) {
			t.Errorf("%s: octets %v, want %v", name, got, c.want)
		}
	}
}

func TestCodes_faults(t *testing.T) {
	t.Parallel()
	for code, fine := range map[uint8]bool{0: false, 1: false, 2: true, 3: true, 127: true, 128: false, 255: false} {
		err := Codes{"ssh": code}.Validate()
		if fine != (err == nil) {
			t.Errorf("code %d: %v", code, err)
		}
		if err != nil && !strings.Contains(err.Error(), "of ssh: outside 2..127") {
			t.Errorf("code %d: error %q does not tell the bounds", code, err)
		}
	}
	err := DefaultPolicy().CheckCodes(Codes{"ssh": 3, "smoke": 9, "mirrors": 10})
	if err == nil {
		t.Fatal("codes of unknown categories are taken")
	}
	for _, part := range []string{`code of "mirrors": unknown category; known are ssh, web`, `code of "smoke"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if err := DefaultPolicy().CheckCodes(Codes{"ssh": 3}); err != nil {
		t.Error(err)
	}
}
