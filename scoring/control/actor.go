package control

import (
	"context"
	"net/netip"

	"penaltybox/scoring"
)

// Actor is who makes a change, for the audit.
type Actor struct {
	Reporter string     // or what acts by itself, such as "first start"
	KeyID    string     // of the key that was used
	Source   netip.Addr // where the request came from
}

// The actors that are nobody's key.
const (
	ActorServer     = "server"      // a node by itself
	ActorOffline    = "offline"     // whoever may open the ledger of a stopped server
	ActorFirstStart = "first start" // of a ledger
)

type actorKey struct{}

// WithActor says who makes the changes that are made with the context.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorOf returns who makes the changes; the server, if nobody is named.
func ActorOf(ctx context.Context) Actor {
	if actor, ok := ctx.Value(actorKey{}).(Actor); ok {
		return actor
	}
	return Actor{Reporter: ActorServer}
}

// Event begins an event of the audit.
func (a Actor) Event(action, object string) scoring.AuditEvent {
	return scoring.AuditEvent{Who: a.Reporter, KeyID: a.KeyID, Source: a.Source, Action: action, Object: object}
}
