package journal

import (
	"fmt"
	"path"
	"slices"
)

// Filter says which entries a service itself has written.
type Filter struct {
	Units    []string // patterns as in path.Match; one must fit
	Commands []string // names of processes; empty: any
	// Bare services write lines that have a front of their own, such as access
	// logs in JSON.
	Bare bool
}

// FilterFor returns the filter of a service. Units replace the usual ones if
// there are any; services that are not known need them.
func FilterFor(service string, units []string) (Filter, error) {
	f := Filter{}
	switch service {
	case "sshd":
		f.Units = []string{"ssh.service", "sshd.service", "ssh@*.service", "sshd@*.service"}
		f.Commands = []string{"sshd", "sshd-session", "sshd-auth"}
	case "dropbear":
		f.Units, f.Commands = []string{"dropbear.service", "dropbear@*.service"}, []string{"dropbear"}
	case "postfix":
		f.Units = []string{"postfix.service", "postfix@*.service"}
	case "dovecot":
		f.Units = []string{"dovecot.service"}
	case "exim":
		f.Units = []string{"exim4.service", "exim.service"}
	case "named":
		f.Units = []string{"named.service", "named-chroot.service", "bind9.service"}
	case "vsftpd", "proftpd":
		f.Units = []string{service + ".service", service + "@*.service"}
	case "pureftpd":
		f.Units = []string{"pure-ftpd.service", "pure-ftpd-*.service"}
	case "web":
		f.Units, f.Bare = []string{"caddy.service"}, true
	}
	if len(units) > 0 {
		f.Units = units
	}
	for _, unit := range f.Units {
		if _, err := path.Match(unit, ""); err != nil {
			return Filter{}, fmt.Errorf("unit %q: %w", unit, err)
		}
	}
	if len(f.Units) == 0 {
		return Filter{}, fmt.Errorf("which unit writes the log of %s is not known: name it", service)
	}
	return f, nil
}

// Passes tells whether the service itself has written an entry. The program
// name that goes into a line is then that of a trusted process or unit.
func (f Filter) Passes(e Entry) bool {
	inUnit := slices.ContainsFunc(f.Units, func(unit string) bool {
		fits, _ := path.Match(unit, e.Unit) // patterns were checked
		return fits
	})
	switch {
	case !inUnit, e.UserUnit:
		return false
	case len(f.Commands) > 0 && !slices.Contains(f.Commands, e.Command):
		return false
	case e.Transport != "syslog" && e.Transport != "stdout" && e.Transport != "journal":
		return false // audit and kernel messages speak of the unit, not for it
	}
	return true
}
