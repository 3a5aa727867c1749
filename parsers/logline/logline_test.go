package logline_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"penaltybox/parsers/logline"
)

type tester interface{ Fatal(...any) }

func clockAt(t tester, zone *time.Location, now time.Time) logline.Clock {
	clock, err := logline.NewClock(zone, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return clock
}

func headerTime(t tester, clock logline.Clock, stamp string) string {
	header, ok := clock.Header([]byte(stamp + " host sshd[1]: x"))
	if !ok {
		return "none"
	}
	return header.Time.UTC().Format(time.RFC3339)
}

// A time without a year is of the latest year in which it does not lie more
// than a day ahead.
func TestClock_yearless(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	germany, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		now, stamp string
		zone       *time.Location
		want       string
	}{
		{"2026-11-22T12:00:00Z", "Nov 22 11:59:59", time.UTC, "2026-11-22T11:59:59Z"},
		{"2026-11-22T12:00:00Z", "Nov 23 12:00:00", time.UTC, "2026-11-23T12:00:00Z"},
		{"2026-11-22T12:00:00Z", "Nov 23 12:00:01", time.UTC, "2025-11-23T12:00:01Z"},
		{"2026-11-22T12:00:00Z", "Dec 10 06:55:46", time.UTC, "2025-12-10T06:55:46Z"},
		{"2026-11-22T12:00:00Z", "Nov 22 11:59:59", berlin, "2026-11-22T10:59:59Z"},
		// New Year: yesterday's December, and a zone that is there already.
		{"2026-01-01T00:00:10Z", "Dec 31 23:59:59", time.UTC, "2025-12-31T23:59:59Z"},
		{"2026-12-31T23:30:00Z", "Jan  1 00:29:00", berlin, "2026-12-31T23:29:00Z"},
		{"2026-12-31T23:30:00Z", "Jan  1 00:29:00", time.UTC, "2027-01-01T00:29:00Z"},
		// The 29th of February, over a century that has none too.
		{"2026-11-22T12:00:00Z", "Feb 29 10:00:00", time.UTC, "2024-02-29T10:00:00Z"},
		{"2028-02-29T12:00:00Z", "Feb 29 10:00:00", time.UTC, "2028-02-29T10:00:00Z"},
		{"2028-02-28T09:00:00Z", "Feb 29 10:00:00", time.UTC, "2024-02-29T10:00:00Z"},
		{"2103-03-01T12:00:00Z", "Feb 29 10:00:00", time.UTC, "2096-02-29T10:00:00Z"},
		{"2026-11-22T12:00:00Z", "Feb 30 10:00:00", time.UTC, "none"},
		// The hour that summer time leaves out, which a clock that lags may
		// write, and the one that it has twice: the first of the two.
		{"2026-11-22T12:00:00Z", "Mar 29 01:59:59", germany, "2026-03-29T00:59:59Z"},
		{"2026-11-22T12:00:00Z", "Mar 29 02:30:00", germany, "2026-03-29T01:30:00Z"},
		{"2026-11-22T12:00:00Z", "Mar 29 03:00:00", germany, "2026-03-29T01:00:00Z"},
		{"2026-11-22T12:00:00Z", "Oct 25 02:30:00", germany, "2026-10-25T00:30:00Z"},
		{"2026-11-22T12:00:00Z", "Oct 25 03:00:00", germany, "2026-10-25T02:00:00Z"},
		// A leap second.
		{"2026-11-22T12:00:00Z", "Jun 30 23:59:60", time.UTC, "2026-07-01T00:00:00Z"},
		{"2026-11-22T12:00:00Z", "Jun 30 23:59:61", time.UTC, "none"},
		{"2026-11-22T12:00:00Z", "Jun 30 24:00:00", time.UTC, "none"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := headerTime(t, clockAt(t, test.zone, now), test.stamp); got != test.want {
			t.Errorf("%s in %s, read at %s: %s, want %s", test.stamp, test.zone, test.now, got, test.want)
		}
	}
}

// Whatever is written within the last year is read back, in each form.
func TestClock_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_500_000_000, 4_000_000_000).Draw(t, "now"), 0)
		ago := time.Duration(rapid.Int64Range(0, 363*24*3600).Draw(t, "ago")) * time.Second
		zone := time.FixedZone("", rapid.IntRange(-12*4, 14*4).Draw(t, "quarters of an hour")*900)
		written := now.Add(-ago).In(zone)
		clock := clockAt(t, zone, now)
		want := written.UTC().Format(time.RFC3339)
		for _, stamp := range []string{
			written.Format(time.Stamp), written.Format(time.StampMicro), written.Format(time.RFC3339), written.Format(time.RFC3339Nano),
			written.Format("2006-01-02T15:04:05"), written.Format("2006-01-02T15:04:05.000-0700"), fmt.Sprintf("%d.000000", written.Unix()),
			written.Format("2006 Jan _2 15:04:05"), written.Format("Mon Jan _2 15:04:05 2006"), written.Format("Mon 2006-01-02 15:04:05 -0700"),
			fmt.Sprintf("@%016x00000000", uint64(1<<62+10+written.Unix())), written.Format(time.RFC3339Nano) + " stdout F " + now.Format(time.Stamp),
		} {
			if got := headerTime(t, clock, stamp); got != want {
				t.Fatalf("%s read at %s: %s, want %s", stamp, now, got, want)
			}
		}
		clf, ok := clock.CLF([]byte(written.Format("02/Jan/2006:15:04:05 -0700")))
		if !ok || !clf.Equal(written) {
			t.Fatalf("common log format: %s, want %s", clf, written)
		}
	})
}

func TestClock_Header(t *testing.T) {
	clock := clockAt(t, time.UTC, time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC))
	for _, test := range []struct{ line, want string }{
		{"Nov 22 10:00:00 host sshd[1]: a message: of [parts]", "host|sshd|1|a message: of [parts]"},
		{"Nov 22 10:00:00 2001:db8::1 postfix/smtpd[12]: x", "2001:db8::1|postfix/smtpd|12|x"},
		{"Nov 22 10:00:00 host authpriv.info sshd[1]: x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 sshd[1]: x", "|sshd|1|x"},
		{"Nov 22 10:00:00 host sshd[1]: ", "host|sshd|1|"},
		{"Nov 22 10:00:00 host sshd[1]:", "none"},
		{"Nov 22 10:00:00 host sshd: x", "host|sshd||x"},
		{"Nov 22 10:00:00 sshd: x", "|sshd||x"},
		{"Nov 22 10:00:00\thost\tsshd[1]:\tx\ty", "host|sshd|1|x\ty"},
		{"Nov  2 10:00:00 combo sshd(pam_unix)[19939]: x", "combo|sshd(pam_unix)|19939|x"},
		{"Nov 2 10:00:00 host sshd[1]:  x", "host|sshd|1|x"},
		{"Nov 22 2026 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026 Nov 22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"Sun Nov 22 10:00:00 2026 host sshd[1]: x", "host|sshd|1|x"},
		{"2026-11-22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026-11-22 10:00:00,123 +0000 host sshd[1]: x", "host|sshd|1|x"},
		{"Sun 2026-11-22 10:00:00 UTC host ssh.service[1]: x", "host|ssh.service|1|x"},
		{"Sun 2026-11-22 10:00:00 +03 host sshd[1]: x", "host|sshd|1|x"},
		{"<38>Nov 22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"<38>1 2026-11-22T10:00:00.123Z host sshd 1 - - x: y", "host|sshd|1|x: y"},
		{"<38>1 2026-11-22T10:00:00.123Z host sshd - ID7 [a b=\"c\\] \\\"d\"][e] \ufeffx", "host|sshd||x"},
		{"<38>1 2026-11-22T10:00:00.123Z host sshd - ID7 [a b=\"c\" x", "none"},
		{"<380000>Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"Nov 22 10:00:00 <auth.info> host sshd[1]: x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 <4.6> host sshd[1]: x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 <auth[info> host sshd[1]: x", "none"},
		{"Nov 22 10:00:00 host auth|security:info sshd[1]: x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 host sshd[1]: [ID 800047 auth.info] x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 host sshd[1]: [ID 800047 auth.info x", "host|sshd|1|[ID 800047 auth.info x"},
		{"Nov 22 10:00:00 host sshd]: x", "none"},
		{"Nov 22 10:00:00 host x]/sshd[1]: x", "none"},
		{"Nov 22 10:00:00 host last message repeated 3 times", "none"},
		{" Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"Sun Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"Nov 22 10:00:00 host [1]: x", "none"},
		{"Nov 22 10:00:00 [host] sshd[1]: x", "|host||sshd[1]: x"},
		{"Nov 22 10:00:00  sshd[1]: x", "|sshd|1|x"},
		{"2026-11-22 10:00:00.123456-0800  localhost sshd[1]: x", "localhost|sshd|1|x"},
		{"Nov 22 10:00:00 [sshd]: x", "|sshd||x"},
		{"Nov 22 10:00:00host sshd[1]: x", "none"},
		{"Nov 22 10:00:00. host sshd[1]: x", "none"},
		{"2026-11-22T10:00:00x host sshd[1]: x", "none"},
		{"1795341600. host sshd[1]: x", "none"},
		{"1795341600 host sshd[1]: x", "host|sshd|1|x"},
		{"2026/11/22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026/11-22 10:00:00 host sshd[1]: x", "none"},
		{"\ufeffNov 22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 h\xf6st sshd[1]: x", "h\xf6st|sshd|1|x"},
		{"Sun Nov 22 10:00:00 2026 authpriv.warn dropbear[1]: x", "|dropbear|1|x"},
		{"Nov 22 10:00:00 auth.err sshd[1]: x", "|sshd|1|x"},
		{"<38>1 2026-11-22T10:00:00.123Z host sshd 1 - -  x", "host|sshd|1|x"},
		{"Nov 22 10:00:00 host sshd[1] <Notice>: x: y", "host|sshd|1|x: y"},
		{"Nov 22 10:00:00 sshd[1] <Notice>: x", "|sshd|1|x"},
		{"Nov 22 10:00:00 host sshd[1] <a b>: x", "none"},
		{"Nov 22 10:00:00 [sshd] x sshd[2]: y", "|sshd||x sshd[2]: y"},
		{"Nov 22 10:00:00 [192.0.2.1] sshd[1]: x", "none"},
		{"2026-11-22T10:00:00.123456789Z stdout F Nov 22 10:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026-11-22T10:00:00.123456789Z stderr F 2026-11-22T11:00:00+01:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026-11-22T10:00:00.123456789Z stdout P Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"2026-11-22T10:00:00.123456789Z Nov 22 11:00:00 host sshd[1]: x", "host|sshd|1|x"},
		{"2026-11-22T10:00:00.12345 auth.info: Nov 22 10:00:00 sshd[1]: x", "|sshd|1|x"},
		{"2026-11-22T10:00:00.12345 auth.info: sshd[1]: x", "|sshd|1|x"},
		{"@400000006ae1cd70077a9e94 sshd[1]: x", "|sshd|1|x"},
		{"@4000000z6ae1cd70077a9e94 sshd[1]: x", "none"},
		{"@500000006ae1cd70077a9e94 sshd[1]: x", "none"},
		// A client's words never stand directly behind a time.
		{"Nov 22 10:00:00 host app: Nov 22 10:00:00 host sshd[1]: x", "host|app||Nov 22 10:00:00 host sshd[1]: x"},
		{"Nov 22 10:00:00 host stdout F Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"Nov 22 10:00:00", "none"},
		{"", "none"},
	} {
		got := "none"
		if h, ok := clock.Header([]byte(test.line)); ok {
			got = fmt.Sprintf("%s|%s|%s|%s", h.Host, h.Program, h.PID, h.Message)
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.line, got, test.want)
		}
	}
}

func TestKept(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"2026-11-22T10:00:00.123456789Z stdout F Nov 22 10:00:00 host sshd[1]: x", "Nov 22 10:00:00 host sshd[1]: x"},
		{"2026-11-22T10:00:00.123456789Z stderr F x y", "x y"},
		{"2026-11-22T10:00:00.123456789Z stderr P x y", "x y"},
		{"2026-11-22T10:00:00.123456789Z Nov 22 10:00:00 host sshd[1]: x", "Nov 22 10:00:00 host sshd[1]: x"},
		{"Nov 22 10:00:00 host sshd[1]: x", "none"},
		{"<38>1 2026-11-22T10:00:00Z host sshd 1 - - x", "none"},
		{"2026-11-22T10:00:00Z x y", "none"},
		{"x y", "none"},
		{"", "none"},
	} {
		got := "none"
		if inner, ok := logline.Kept([]byte(test.line)); ok {
			got = string(inner)
		}
		if got != test.want {
			t.Errorf("%q: %s, want %s", test.line, got, test.want)
		}
	}
}

func TestNewClock_wantsZoneAndNow(t *testing.T) {
	if _, err := logline.NewClock(nil, time.Now); err == nil {
		t.Error("no zone was taken")
	}
	if _, err := logline.NewClock(time.UTC, nil); err == nil {
		t.Error("no present time was taken")
	}
}

// No bytes make it panic, and what has a header is stamped.
func FuzzClock_Header(f *testing.F) {
	for _, line := range []string{
		"Nov 22 10:00:00 host sshd[1]: x", "2026-11-22T11:00:00.123456+01:00 host sshd[1]: x", "1795341600.123456 host sshd[1]: x", "Feb 29 10:00:00 sshd[1]: x",
		"<38>1 2026-11-22T10:00:00Z host sshd 1 - [a b=\"c\"] x", "Sun 2026-11-22 10:00:00 UTC host sshd[1]: x", "2026 Nov 22 10:00:00 host sshd: x",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		clock := clockAt(t, time.UTC, time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC))
		header, ok := clock.Header(line)
		if ok && (!logline.Stamped(line) || len(header.Program) == 0 || header.Time.IsZero()) {
			t.Fatalf("%q: %+v", line, header)
		}
		clock.CLF(line)
		clock.Front(line)
		logline.Unix(line)
	})
}

// What a clock shows is never read as a moment at which it showed something
// else, but in the hour that it leaves out; and whatever is read at once never
// lies ahead.
func TestClock_summerTime(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for written := time.Date(2025, time.December, 31, 0, 0, 7, 0, time.UTC); written.Year() < 2027; written = written.Add(10 * time.Minute) {
			stamp := written.In(zone).Format(time.Stamp)
			got, _, ok := clockAt(t, zone, written).Front([]byte(stamp + " x"))
			if !ok || got.After(written) || got.In(zone).Format(time.Stamp) != stamp || written.Sub(got) > time.Hour {
				t.Fatalf("%s in %s, written and read at %s: %s", stamp, name, written, got)
			}
		}
	}
}
