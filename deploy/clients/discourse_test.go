package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"penaltybox/deploy/clients"
)

// discourse answers as Discourse's Admin::ScreenedIpAddressesController, and
// Penaltybox' list beside it.
type discourse struct {
	*httptest.Server
	list   string // what is listed; "": the list cannot be fetched
	taken  map[string]int
	busy   int      // so many requests are one too many
	heard  []string // method, path and form of the requests that were let through
	nextID int
}

func newDiscourse(t *testing.T) *discourse {
	d := &discourse{taken: map[string]int{}, nextID: 100}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/blocklist", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer listkey" || r.URL.RawQuery != "limit=1000" {
			t.Errorf("the list is asked for with %q, %q", r.Header.Get("Authorization"), r.URL.RawQuery)
		}
		if d.list == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, strings.TrimPrefix(d.list, "\n"))
	})
	mux.HandleFunc("POST /admin/logs/screened_ip_addresses.json", d.admin(t, d.create))
	mux.HandleFunc("DELETE /admin/logs/screened_ip_addresses/{id}", d.admin(t, d.remove))
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

// admin lets requests with the right key through, unless Discourse is busy.
func (d *discourse) admin(t *testing.T, then func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Api-Key") != "forumkey" || r.Header.Get("Api-Username") != "system" {
			t.Errorf("Discourse is asked with key %q of %q", r.Header.Get("Api-Key"), r.Header.Get("Api-Username"))
		}
		if d.busy > 0 {
			d.busy--
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"errors":["You’ve performed this action too many times"],"error_type":"rate_limit"}`)
			return
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		d.heard = append(d.heard, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.PostForm.Encode()))
		then(w, r)
	}
}

func (d *discourse) create(w http.ResponseWriter, r *http.Request) {
	address := r.PostForm.Get("ip_address")
	if d.taken[address] != 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"errors":["Ip address is already covered by 198.51.100.0/24"]}`)
		return
	}
	d.nextID++
	d.taken[address] = d.nextID
	fmt.Fprintf(w, `{"screened_ip_address":{"id":%d,"ip_address":%q,"action_name":"block","match_count":0}}`, d.nextID, address)
}

func (d *discourse) remove(w http.ResponseWriter, r *http.Request) {
	for address, id := range d.taken {
		if fmt.Sprintf("%d.json", id) == r.PathValue("id") {
			delete(d.taken, address)
			fmt.Fprint(w, `{"success":"OK"}`)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

// sync runs the program and returns what it prints, and the requests that
// Discourse heard.
func (d *discourse) sync(t *testing.T, folder string, fails bool, arguments ...string) (string, []string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("python3 is missing: install the Debian package python3")
	}
	shelf, err := clients.NewShelf(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	program, _ := shelf.File("forum/discourse-sync.py", "bl.example")
	settings, err := json.Marshal(map[string]string{"list_key": "listkey", "forum": d.URL + "/", "forum_key": "forumkey", "state": filepath.Join(folder, "state")})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"sync.py": program, "settings": settings} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.heard = nil
	run := exec.Command(python, append([]string{filepath.Join(folder, "sync.py"), filepath.Join(folder, "settings")}, arguments...)...)
	out, err := run.CombinedOutput()
	if fails == (err == nil) {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out), d.heard
}

func wants(t *testing.T, heard []string, want ...string) {
	t.Helper()
	if !slices.Equal(heard, want) {
		t.Errorf("Discourse hears %q, want %q", heard, want)
	}
}

const (
	add    = "POST /admin/logs/screened_ip_addresses.json action_name=block&ip_address="
	remove = "DELETE /admin/logs/screened_ip_addresses/"
)

func TestDiscourse(t *testing.T) {
	t.Parallel()
	d, folder := newDiscourse(t), t.TempDir()
	d.taken["198.51.100.9"] = 7 // made by hand

	d.list = "203.0.113.7\n2001:db8:1:2::/64\n198.51.100.9\n"
	out, heard := d.sync(t, folder, false, "--dry-run")
	wants(t, heard)
	if out != "adding 198.51.100.9\nadding 2001:db8:1:2::/64\nadding 203.0.113.7\n" {
		t.Errorf("a dry run tells %q", out)
	}
	d.busy = 2
	_, heard = d.sync(t, folder, false)
	wants(t, heard, add+"198.51.100.9", add+"2001%3Adb8%3A1%3A2%3A%3A%2F64", add+"203.0.113.7")
	_, heard = d.sync(t, folder, false)
	wants(t, heard)

	// What is listed no more is let go; what others made stays, and what they
	// removed is no fault.
	delete(d.taken, "203.0.113.7")
	d.list = "203.0.113.8\n"
	_, heard = d.sync(t, folder, false)
	wants(t, heard, remove+"101.json", remove+"102.json", add+"203.0.113.8")
	if d.taken["198.51.100.9"] != 7 || d.taken["203.0.113.8"] == 0 || len(d.taken) != 2 {
		t.Errorf("in the end Discourse has %v", d.taken)
	}

	// An empty list is one; that nothing can be fetched is not.
	d.list = ""
	out, heard = d.sync(t, folder, true)
	wants(t, heard)
	if !strings.Contains(out, "503") {
		t.Errorf("without a list it tells %q", out)
	}
	d.list = "<html>\n"
	_, heard = d.sync(t, folder, true)
	wants(t, heard)
	d.list = "\n"
	_, heard = d.sync(t, folder, false)
	wants(t, heard, remove+"103.json")
}

// What Discourse took before it had enough is not asked for again.
func TestDiscourse_busy(t *testing.T) {
	t.Parallel()
	d, folder := newDiscourse(t), t.TempDir()
	d.list, d.busy = "203.0.113.7\n", 100
	out, heard := d.sync(t, folder, true)
	wants(t, heard)
	if !strings.Contains(out, "429") {
		t.Errorf("it tells %q", out)
	}
	d.busy = 0
	_, heard = d.sync(t, folder, false)
	wants(t, heard, add+"203.0.113.7")
}
