package coding_test

import (
	"testing"

	"penaltybox/reportapi/coding"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []string
		want   coding.Coding
		fails  bool
	}{
		{nil, coding.Identity, false},
		{[]string{"identity"}, coding.Identity, false},
		{[]string{"gzip"}, coding.Gzip, false},
		{[]string{" X-GZIP "}, coding.Gzip, false},
		{[]string{"zstd"}, coding.Zstd, false},
		{[]string{"gzip, gzip"}, "", true},
		{[]string{"gzip", "zstd"}, "", true},
		{[]string{"deflate"}, "", true},
		{[]string{"br"}, "", true},
	} {
		got, err := coding.Parse(test.values)
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("%q is %q, %v", test.values, got, err)
		}
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]coding.Coding{
		"":                               coding.Identity,
		"gzip":                           coding.Gzip,
		"GZIP":                           coding.Gzip,
		"gzip, deflate, br, zstd":        coding.Zstd,
		"zstd;q=0.5, gzip;q=0.8":         coding.Gzip,
		"zstd;q=0, gzip;q=0":             coding.Identity,
		"gzip;q=0":                       coding.Identity,
		"*":                              coding.Zstd,
		"*;q=0.1, zstd;q=0":              coding.Gzip,
		"identity;q=1, gzip;q=0.5":       coding.Identity,
		"identity;q=0.5, gzip":           coding.Gzip,
		"gzip;q=banana":                  coding.Identity,
		"gzip;q=NaN":                     coding.Identity,
		"gzip;q=7":                       coding.Identity,
		"gzip;level=9":                   coding.Identity,
		"deflate, br":                    coding.Identity,
		";;;,,, ,=":                      coding.Identity,
		"gzip ; q = 0.3 , zstd ; q=0.2 ": coding.Gzip,
	} {
		if got := coding.Accepted([]string{header}); got != want {
			t.Errorf("%q likes %q best, want %q", header, got, want)
		}
	}
}
