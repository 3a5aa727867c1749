package dnsbl

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// transferRights tell who may copy a zone.
type transferRights struct {
	clients *allowList
	keys    []string // canonical names; none: no signature is wanted
}

// newTransferRights returns nil when nobody may.
func newTransferRights(z Zone) *transferRights {
	if len(z.Transfer) == 0 && len(z.TransferKeys) == 0 {
		return nil
	}
	rights := &transferRights{clients: newAllowList(z.Transfer)}
	for _, name := range z.TransferKeys {
		rights.keys = append(rights.keys, canonical(name))
	}
	return rights
}

// has tells whether a client, unmapped, may copy the zone; key is what it
// signed with, empty: nothing.
func (r *transferRights) has(client netip.Addr, key string) bool {
	return r != nil && r.clients.has(client) && (len(r.keys) == 0 || slices.Contains(r.keys, key))
}

// mayAsk are the clients that may ask the zone; none: all. Who may copy it may
// ask it.
func (z Zone) mayAsk() []netip.Prefix {
	if len(z.Allow) == 0 {
		return nil
	}
	return slices.Concat(z.Allow, z.Transfer)
}

// checkTransfer tells what is wrong with who may copy the zone.
func (z Zone) checkTransfer() error {
	var faults []error
	for _, prefix := range z.Transfer {
		if !prefix.IsValid() || prefix.Addr().Zone() != "" {
			faults = append(faults, fmt.Errorf("transfer %q: want a prefix such as 192.0.2.53/32", prefix))
		}
	}
	for _, name := range z.TransferKeys {
		if err := checkHostName(canonical(name), maxNameOctets); err != nil {
			faults = append(faults, fmt.Errorf("transfer key %q: %w", name, err))
		}
	}
	for _, addr := range z.Notify {
		if !addr.IsValid() || addr.Port() == 0 || addr.Addr().IsUnspecified() {
			faults = append(faults, fmt.Errorf("notify %q: want an address and a port, such as 192.0.2.53:53", addr))
		}
	}
	copied := len(z.Transfer)+len(z.TransferKeys) > 0
	if copied && len(z.Keys) > 0 {
		faults = append(faults, errors.New("transfer: a zone with access keys cannot be copied; serve a zone without them beside it"))
	}
	if !copied && len(z.Notify) > 0 {
		faults = append(faults, errors.New("notify: nobody may copy the zone; give transfer too"))
	}
	return errors.Join(faults...)
}
