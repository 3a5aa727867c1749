//go:build race

package scoring

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the race detector see each property a few times: it looks for
// races, and is twenty times slower. The run without it checks them in full.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
