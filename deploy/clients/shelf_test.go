package clients_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"penaltybox/deploy/clients"
)

// Every file but the program's own is on the shelf and in the index, filled in,
// and holds no key.
func TestShelf(t *testing.T) {
	t.Parallel()
	shelf, err := clients.NewShelf("https://box.example.org/")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	err = filepath.WalkDir(".", func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(name, ".go") {
			there = append(there, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(there)
	names, err := clients.Names()
	if err != nil || !slices.Equal(names, there) {
		t.Fatalf("on the shelf are %v, there are %v (%v)", names, there, err)
	}
	index, _ := shelf.File(clients.Index, "bl.example.")
	key, hole := regexp.MustCompile(`pbx_[A-Za-z0-9]`), regexp.MustCompile(`@[A-Z]+@`)
	for _, name := range names {
		text, ok := shelf.File(name, "bl.example.")
		switch {
		case !ok || len(text) == 0:
			t.Errorf("%s is not there", name)
		case hole.Match(text):
			t.Errorf("%s is not filled in: %s", name, hole.Find(text))
		case key.Match(text):
			t.Errorf("%s holds a key", name)
		case strings.Contains(string(text), "example.org//"), strings.Contains(string(text), "bl.example.."):
			t.Errorf("%s is filled in with what ends twice", name)
		case name != clients.Index && !strings.Contains(string(index), "("+name+")"):
			t.Errorf("the index does not tell of %s", name)
		}
	}
	for _, name := range []string{"", "nothing", "../clients/README.md", "fail2ban", "shelf.go", "/README.md"} {
		if text, ok := shelf.File(name, "bl.example"); ok {
			t.Errorf("%q is %.20q", name, text)
		}
	}
}

// What would mean something to a shell or to PHP is no address.
func TestNewShelf(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://127.0.0.1:8080", "https://[2001:db8::1]:8443/box/", "https://box.example.org"} {
		if _, err := clients.NewShelf(address); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"", "box.example.org", "ftp://box.example.org", "https://", "https://a.example/$(id)", "https://a.example/'", "https://a.example/`id`", "https://a.example/?a=b", "https://a.example/\n", "https://a b", "https://a.example/%41", "https://a.example/\\"} {
		if _, err := clients.NewShelf(address); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
}
