package reportapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
)

const (
	usualDigest   = 24 * time.Hour
	usualExamples = 20
	mostExamples  = 1000
)

// Summaries is what a digest asks of the scoreboard beside the change log.
type Summaries interface {
	// Summary sums up what was reported since, in one walk.
	Summary(since, now time.Time) scoring.Summary
	Stats() scoring.Stats
	// LoggedSince is from when on the change log is whole; zero: it always was.
	LoggedSince() time.Time
}

// digestView is what happened within a time, and how things stand at its end.
type digestView struct {
	Since        time.Time      `json:"since"`
	Until        time.Time      `json:"until"`
	ChangesSince time.Time      `json:"changes_since"` // later than Since if the change log is
	Zones        []zoneDigest   `json:"zones"`
	Incidents    incidentDigest `json:"incidents"`
	Reporters    []reporterWork `json:"reporters"` // that reported most
	Reporting    int            `json:"reporting"` // reporters that reported at all
	Silent       []silentView   `json:"silent"`
}

type incidentDigest struct {
	Reported int `json:"reported"`
	Live     int `json:"live"`
}

type reporterWork struct {
	Reporter string     `json:"reporter"`
	Reports  int        `json:"reports"`
	Last     time.Time  `json:"last"`
	Kinds    []kindWork `json:"kinds"`
}

type kindWork struct {
	Kind    string `json:"kind"`
	Reports int    `json:"reports"`
}

// silentView is a reporter that reported before the time, and not within it.
type silentView struct {
	Reporter string    `json:"reporter"`
	Last     time.Time `json:"last"`
}

// getDigest sums up what happened since a moment.
func (s *server) getDigest(c *gin.Context) error {
	q, err := queryOf(c, "since", "limit")
	if err != nil {
		return err
	}
	now := s.Now()
	since, err := q.moment("since", now)
	switch {
	case err != nil:
		return err
	case since.IsZero():
		since = now.Add(-usualDigest)
	case since.After(now):
		return wrong("since", q.text("since"), "has not come yet", "want such as 24h, or a time that is over")
	}
	limit, err := q.number("limit", usualExamples, 1, mostExamples)
	if err != nil {
		return err
	}
	// Whole seconds, as all that is compared with it.
	return ok(c, http.StatusOK, s.digest(utc(since), now, limit))
}

func (s *server) digest(since, now time.Time, limit int) digestView {
	view := digestView{
		Since: since, Until: utc(now), Zones: []zoneDigest{},
		Reporters: []reporterWork{}, Silent: []silentView{},
	}
	zones := s.Zones()
	for i := range zones {
		view.Zones = append(view.Zones, s.digestZone(&zones[i], since, now, limit))
	}
	// Asked afterwards: what was lost meanwhile is not claimed to be told.
	view.ChangesSince = since
	for _, begin := range []time.Time{s.begun.at, s.Board.LoggedSince()} {
		if begin.After(view.ChangesSince) {
			view.ChangesSince = utc(begin)
		}
	}
	summary := s.Board.Summary(since, now)
	view.Incidents.Live = summary.Live
	for _, r := range summary.Reporters {
		if r.Reports == 0 {
			continue
		}
		view.Reporting++
		view.Incidents.Reported += r.Reports
		if len(view.Reporters) < limit {
			view.Reporters = append(view.Reporters, s.viewWork(r))
		}
	}
	view.Silent = append(view.Silent, s.silent(summary, since)...)
	return view
}

func (s *server) viewWork(r scoring.ReporterSummary) reporterWork {
	work := reporterWork{Reporter: s.Book.ReporterName(r.Reporter), Reports: r.Reports, Last: utc(r.Last), Kinds: []kindWork{}}
	for _, k := range r.Kinds {
		name, _ := s.kindOf(k.Kind)
		work.Kinds = append(work.Kinds, kindWork{name, k.Count})
	}
	return work
}

// silent returns the reporters of whom a report is known, but none since. Of
// those who are disabled nothing is expected.
func (s *server) silent(summary scoring.Summary, since time.Time) []silentView {
	last := map[scoring.ReporterNumber]time.Time{}
	for _, r := range summary.Reporters {
		last[r.Reporter] = r.Last
	}
	var silent []silentView
	for _, r := range s.Book.Reporters() {
		at := last[r.Number]
		if s.LastReport != nil {
			// What expired is not on the scoreboard any more.
			if heard := s.LastReport(r.Number); heard.After(at) {
				at = heard
			}
		}
		if !r.Disabled && !at.IsZero() && at.Before(since) {
			silent = append(silent, silentView{r.Name, utc(at)})
		}
	}
	return silent
}
