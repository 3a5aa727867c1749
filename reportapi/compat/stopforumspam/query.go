package stopforumspam

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"penaltybox/reportapi/compat"
	"penaltybox/scoring"
	"penaltybox/scoring/control"
)

const (
	maxBody = 64 << 10 // bytes
	maxAsk  = 15       // values of one field, as StopForumSpam has it
)

// Config is what an operator decides.
type Config struct {
	Open bool // answer without a key
}

// api answers StopForumSpam's clients.
type api struct {
	compat.House
	Config
}

// Mount adds the routes below a group such as /compat/stopforumspam.
func Mount(routes gin.IRoutes, house compat.House, config Config) {
	a := &api{house, config}
	routes.GET("/api", a.serve)
	routes.POST("/api", a.serve)
}

func (a *api) serve(c *gin.Context) {
	sent, err := compat.ReadParams(c, a.House, maxBody)
	format, known := formatOf(sent)
	var answer members
	if err == nil {
		answer, err = a.answer(c, sent)
	}
	if err == nil && !known {
		err = wrong("f", "is not a format here; want json, xml, xmldom or serial")
	}
	if err == nil {
		c.Data(http.StatusOK, format.contentType, format.write(answer))
		return
	}
	fault := compat.FaultOf(err)
	a.Rejected(c, fault)
	fault.AskToWait(c)
	c.Data(fault.Status, format.contentType, format.write(members{{"success", 0}, {"error", fault.Error()}}))
}

// answer tells of each field that was asked for.
func (a *api) answer(c *gin.Context, sent compat.Params) (members, error) {
	if !a.Loaded() {
		return nil, &compat.Fault{Status: http.StatusServiceUnavailable, Detail: "this node is still loading its ledger", Retry: 5 * time.Second}
	}
	if !a.Open {
		if _, err := a.Authenticate(c, sent.Get("api_key"), control.ScopeCheck); err != nil {
			return nil, compat.NotTaken(err, &compat.Fault{Status: http.StatusUnauthorized, Parameter: "api_key", Detail: "is missing, incorrect or revoked; ask an admin for one"})
		}
	}
	answer := members{{"success", 1}}
	for _, field := range []string{"ip", "email", "emailhash", "username"} {
		if _, asked := sent[field]; !asked {
			continue
		}
		told, err := a.field(field, sent)
		if err != nil {
			return nil, err
		}
		answer = append(answer, member{field, told})
	}
	if len(answer) == 1 {
		return nil, wrong("ip", "is missing; ask such as ?ip=203.0.113.7&json")
	}
	return answer, nil
}

// field tells of one field: of its value, or of each if it was sent as a list.
func (a *api) field(name string, sent compat.Params) (any, error) {
	values, isList := []string{sent.Get(name)}, false
	if count, err := strconv.Atoi(sent[name+"[]"]); err == nil {
		values, isList = make([]string, count), true
	}
	if name == "ip" && isList {
		values = strings.Split(sent.Get(name), ",")
	}
	if len(values) > maxAsk {
		return nil, wrong(name, fmt.Sprintf("has more than %d values", maxAsk))
	}
	var all list
	for _, value := range values {
		told := absent()
		if name == "ip" {
			addr, _, err := scoring.ParseTarget(strings.TrimSpace(value))
			if err != nil {
				return nil, wrong("ip", compat.Quote(value)+" is no IPv4 or IPv6 address")
			}
			told = a.address(addr, sent.Flag("unix"))
		}
		if !isList {
			return told, nil
		}
		all = append(all, told)
	}
	return all, nil
}

// absent is what is told of what does not appear.
func absent() members { return members{{"frequency", 0}, {"appears", 0}} }

// counting returns the incidents of an address, and of the ranges that list it.
func (a *api) counting(addr netip.Addr, now time.Time) []scoring.Entry {
	entries := a.Board.Incidents(scoring.PrefixOf(addr))
	for _, within := range a.Board.Standing(addr, a.Zone().Rule, now).Ranges {
		if within.Listed {
			entries = append(entries, a.Board.Incidents(within.Prefix)...)
		}
	}
	return entries
}

// address tells of an address. Its frequency is how many incidents count.
func (a *api) address(addr netip.Addr, unix bool) members {
	now := a.Now()
	if a.Confidence(addr, now) != compat.Listed {
		return absent()
	}
	var last time.Time
	count := 0
	for _, entry := range a.counting(addr, now) {
		incident, counts := entry.Effective()
		if !counts || !incident.Expires.After(now) {
			continue
		}
		if count++; incident.Reported.After(last) {
			last = incident.Reported
		}
	}
	var seen any = last.UTC().Format(time.DateTime)
	if unix {
		seen = int(last.Unix())
	}
	return members{
		{"lastseen", seen},
		{"frequency", max(1, count)},
		{"appears", 1},
		{"confidence", compat.Listed},
		{"delegated", nil},
		{"country", nil},
		{"asn", nil},
	}
}

func wrong(parameter, detail string) error {
	return &compat.Fault{Status: http.StatusBadRequest, Parameter: parameter, Detail: detail}
}
