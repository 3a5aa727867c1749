package pages

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/gin-gonic/gin"

	"penaltybox/scoring"
	"penaltybox/scoring/control"
	"penaltybox/scoring/intake"
)

// formPage is the form, empty or to be corrected.
type formPage struct {
	Reporter string
	Problem  string
	Order    order
	Kinds    []scoring.Kind
	Rejected []intake.Rejection
}

// rejectedShown is how many rejected requests the form shows below.
const rejectedShown = 20

// resultPage is what would become, or became, of an order.
type resultPage struct {
	Reporter string
	Order    order
	Rows     []row
	// Undo are the incidents that can be taken back.
	Undo []string
	// Again: some could not be stored; the same form can be sent again.
	Again bool
}

// row is one address of an order.
type row struct {
	Address  string
	Status   intake.Status
	Why      string // of what is not recorded
	Points   uint16
	Standing *Standing // in the first zone; nil for what is no address
}

func (p *pages) form(c *gin.Context) {
	if caller, ok := p.caller(c); ok {
		p.showForm(c, http.StatusOK, caller, order{}, "")
	}
}

func (p *pages) showForm(c *gin.Context, status int, caller intake.Caller, o order, problem string) {
	p.show(c, status, "report.html", formPage{caller.Reporter, problem, o, p.kindsFor(caller), p.Rejected(caller.Reporter, rejectedShown)})
}

// kindsFor returns what a caller may report.
func (p *pages) kindsFor(caller intake.Caller) []scoring.Kind {
	var kinds []scoring.Kind
	for _, kind := range p.Policy().Kinds {
		if !kind.Moderated || caller.May(control.ScopeManual) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// read returns the order that a form makes; false: it was answered.
func (p *pages) read(c *gin.Context) (intake.Caller, order, []intake.Report, bool) {
	caller, ok := p.caller(c)
	if !ok {
		return caller, order{}, nil, false
	}
	o := readOrder(c.Request.PostForm)
	reports, err := o.reports()
	if err != nil {
		p.showForm(c, http.StatusBadRequest, caller, o, err.Error())
		return caller, o, nil, false
	}
	return caller, o, reports, true
}

// preview shows what would become of an order, and changes nothing.
func (p *pages) preview(c *gin.Context) {
	caller, o, reports, ok := p.read(c)
	if !ok {
		return
	}
	results := p.DryRun(c.Request.Context(), p.Now(), caller, o.idempotencyKey(), reports)
	p.show(c, http.StatusOK, "preview.html", p.resultPage(caller, o, reports, results))
}

// report carries an order out.
func (p *pages) report(c *gin.Context) {
	caller, o, reports, ok := p.read(c)
	if !ok {
		return
	}
	results := p.Intake.Submit(c.Request.Context(), p.Now(), caller, o.idempotencyKey(), reports)
	page := p.resultPage(caller, o, reports, results)
	status := http.StatusOK
	if page.Again {
		status = http.StatusServiceUnavailable
		c.Header("Retry-After", "5")
	}
	p.show(c, status, "result.html", page)
}

func (p *pages) resultPage(caller intake.Caller, o order, reports []intake.Report, results []intake.Result) resultPage {
	page := resultPage{Reporter: caller.Reporter, Order: o}
	for i, result := range results {
		r := row{Address: reports[i].IP, Status: result.Status, Points: result.Incident.Points, Why: result.Ignored}
		switch result.Status {
		case intake.Refused:
			r.Why = result.Refusal.Error()
		case intake.Unavailable:
			r.Why, page.Again = "the ledger cannot be reached now; send it again", true
		case intake.Recorded, intake.Duplicate:
			page.Undo = append(page.Undo, result.Incident.Addr.String()+" "+result.Incident.ID.String())
		}
		if addr := result.Incident.Addr; addr.IsValid() {
			r.Standing = &p.Standings(addr)[0]
		}
		page.Rows = append(page.Rows, r)
	}
	return page
}

// undonePage is what became of taking back.
type undonePage struct{ Rows []row }

// undo takes back what a result page listed.
func (p *pages) undo(c *gin.Context) {
	caller, ok := p.caller(c)
	if !ok {
		return
	}
	incidents := c.Request.PostForm["incident"]
	if len(incidents) > maxAddresses {
		p.fault(c, http.StatusBadRequest, "Too many incidents at a time.")
		return
	}
	var page undonePage
	status, withdraw := http.StatusOK, true
	for _, incident := range incidents {
		address, id, _ := strings.Cut(incident, " ")
		addr, err := netip.ParseAddr(address)
		number, wrong := scoring.ParseID(id)
		if err != nil || wrong != nil {
			p.fault(c, http.StatusBadRequest, "This is no list of incidents that a page here made.")
			return
		}
		r := row{Address: address, Status: "withdrawn"}
		_, refusal, err := p.Intake.Amend(c.Request.Context(), p.Now(), caller, scoring.Key{Prefix: scoring.PrefixOf(addr), ID: number},
			intake.Change{Withdraw: &withdraw, Reason: "undone on the page"})
		switch {
		case err != nil:
			r.Status, r.Why, status = intake.Unavailable, "the ledger cannot be reached now; go back and try again", http.StatusServiceUnavailable
		case refusal != nil:
			r.Status, r.Why = intake.Refused, refusal.Error()
		}
		r.Standing = &p.Standings(addr)[0]
		page.Rows = append(page.Rows, r)
	}
	p.show(c, status, "undone.html", page)
}
