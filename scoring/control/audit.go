package control

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"penaltybox/scoring"
)

// maxAudited bounds what the audit keeps of one state, in bytes: a policy has
// a tenth of it. Of more it tells the size alone.
const maxAudited = 64 << 10

// secretFields are never in the audit, at whatever depth of a record.
func secretFields() []string { return []string{"hash", "password", "secret", "token", "note", "notes"} }

// eventOf tells of a change of a record. Both values are JSON; nil stands for
// no record. Why it was made is what the record gives as its reason. How far a
// webhook got, and where reports come from, is nobody's doing, and not told.
func eventOf(ctx context.Context, key string, before, after []byte) *scoring.AuditEvent {
	if strings.HasPrefix(key, webhookStateRecords) || strings.HasPrefix(key, sourceRecords) || isQuiet(ctx) {
		return nil
	}
	if strings.HasPrefix(key, erasureRecords) {
		return erasureEvent(ctx, key, before, after)
	}
	action := "change"
	switch {
	case before == nil:
		action = "add"
	case after == nil:
		action = "remove"
	}
	event := ActorOf(ctx).Event(action, key)
	if isPrivate(key) {
		return &event // that it was changed, and not what it says
	}
	event.Before, _ = audited(before)
	event.After, event.Reason = audited(withoutPrefixes(key, after))
	return &event
}

// audited returns a record without what the audit must not know, and the reason
// that it gives.
func audited(value []byte) (text json.RawMessage, reason string) {
	if value == nil {
		return nil, ""
	}
	if len(value) > maxAudited {
		return sized(len(value)), ""
	}
	var document any
	if json.Unmarshal(value, &document) != nil {
		return sized(len(value)), ""
	}
	if members, ok := document.(map[string]any); ok {
		reason, _ = members["reason"].(string)
	}
	text, err := json.Marshal(withoutSecrets(document))
	if err != nil {
		return sized(len(value)), reason
	}
	return text, reason
}

// sized stands for a state that the audit does not keep.
func sized(bytes int) json.RawMessage {
	text, _ := json.Marshal(map[string]int{"bytes": bytes}) // always encodes
	return text
}

// withoutSecrets takes the members out of a JSON document that are secret.
func withoutSecrets(document any) any {
	switch value := document.(type) {
	case map[string]any:
		for name, member := range value {
			if slices.Contains(secretFields(), name) {
				delete(value, name)
				continue
			}
			value[name] = withoutSecrets(member)
		}
	case []any:
		for i := range value {
			value[i] = withoutSecrets(value[i])
		}
	}
	return document
}
