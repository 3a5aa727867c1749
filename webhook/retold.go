package webhook

import (
	"encoding/json"
	"net/netip"
	"time"

	"penaltybox/scoring/control"
)

// retold are events that another node told and that this node finds in its own
// log, where they may stand a moment earlier or later.
type retold map[toldEvent]time.Time

// toldEvent is an event without its moment.
type toldEvent struct {
	event  control.WebhookEvent
	zone   string
	prefix netip.Prefix
}

// eventsOf reads the events of a message. What cannot be read is told again,
// which does no harm.
func eventsOf(body []byte) retold {
	var message struct{ Data struct{ Events []Event } }
	if json.Unmarshal(body, &message) != nil {
		return nil
	}
	told := retold{}
	for _, e := range message.Data.Events {
		told[toldEvent{e.Event, e.Zone, e.Prefix}] = e.Time
	}
	return told
}

// has tells whether an event was told, once: the next one like it is news.
func (r retold) has(e Event) bool {
	key := toldEvent{e.Event, e.Zone, e.Prefix}
	at, known := r[key]
	if !known || e.Time.Sub(at).Abs() > overlap {
		return false
	}
	delete(r, key)
	return true
}
