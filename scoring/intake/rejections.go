package intake

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

const (
	// rejectionsEach is how many rejections of one reporter are kept, the newest:
	// a flood of one does not push out those of others.
	rejectionsEach = 100
	// rejectionReporters bounds for how many reporters they are kept.
	rejectionReporters = 1000
)

// Rejections keeps the newest rejections of each reporter, in memory and on this
// node alone. Its methods may be called at once by many; none of a nil one does
// anything.
type Rejections struct {
	mu         sync.Mutex
	order      uint64
	byReporter map[string][]Rejection // oldest first
}

// NewRejections returns an empty memory.
func NewRejections() *Rejections { return &Rejections{byReporter: map[string][]Rejection{}} }

// Add keeps a rejection; one that repeats the last is counted with it.
func (m *Rejections) Add(r Rejection) {
	if m == nil {
		return
	}
	r = r.cleaned()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.order++
	kept, known := m.byReporter[r.Reporter]
	if last := len(kept) - 1; last >= 0 && r.same(kept[last]) {
		kept[last].At, kept[last].order = r.At, m.order
		kept[last].Count++
		return
	}
	if !known && len(m.byReporter) >= rejectionReporters {
		m.forgetQuietest()
	}
	r.Count, r.order = 1, m.order
	if len(kept) >= rejectionsEach {
		kept = slices.Delete(kept, 0, len(kept)-rejectionsEach+1)
	}
	m.byReporter[r.Reporter] = append(kept, r)
}

// forgetQuietest forgets the reporter whose last rejection is the oldest.
func (m *Rejections) forgetQuietest() {
	quietest, oldest := "", m.order
	for reporter, kept := range m.byReporter {
		if last := kept[len(kept)-1].order; last < oldest {
			quietest, oldest = reporter, last
		}
	}
	delete(m.byReporter, quietest)
}

// List returns the newest rejections of a reporter, of all if none is named,
// newest first.
func (m *Rejections) List(reporter string, limit int) []Rejection {
	list := []Rejection{}
	if m == nil {
		return list
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if reporter != "" {
		list = append(list, m.byReporter[reporter]...)
	} else {
		for _, kept := range m.byReporter {
			list = append(list, kept...)
		}
	}
	slices.SortFunc(list, func(a, b Rejection) int { return cmp.Compare(b.order, a.order) })
	return list[:min(limit, len(list))]
}

// Forget forgets every rejection that names an address of a prefix, wherever it
// stands.
func (m *Rejections) Forget(prefix netip.Prefix) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for reporter, kept := range m.byReporter {
		left := slices.DeleteFunc(kept, func(r Rejection) bool {
			return slices.ContainsFunc([]string{r.IP, r.Value, r.Problem, r.Hint}, func(text string) bool { return names(text, prefix) })
		})
		if m.byReporter[reporter] = left; len(left) == 0 {
			delete(m.byReporter, reporter)
		}
	}
}

// names tells whether an address or network of a prefix stands in a text.
func names(text string, prefix netip.Prefix) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF.:/", r) }) {
		word = strings.Trim(word, "./")
		if network, err := netip.ParsePrefix(word); err == nil && network.Overlaps(prefix) {
			return true
		}
		host, _, _ := strings.Cut(word, "/")
		for _, candidate := range []string{host, strings.TrimRight(host, ":")} {
			if addr, err := netip.ParseAddr(candidate); err == nil && prefix.Contains(addr.Unmap()) {
				return true
			}
		}
		if with, err := netip.ParseAddrPort(host); err == nil && prefix.Contains(with.Addr().Unmap()) {
			return true
		}
	}
	return false
}
