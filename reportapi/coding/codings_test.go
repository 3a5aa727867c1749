package coding_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"penaltybox/reportapi/coding"
)

var both = []coding.Coding{coding.Gzip, coding.Zstd}

// encoded is a text in a coding.
func encoded(t testing.TB, codings *coding.Codings, c coding.Coding, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := codings.Writer(c, &b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is written comes out again, whatever compressors did before.
func TestCodings_round_trip(t *testing.T) {
	t.Parallel()
	codings := coding.New()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(rt, "text")
		times := rapid.IntRange(1, 40).Draw(rt, "times")
		text = bytes.Repeat(text, times)
		c := rapid.SampledFrom(append(both, coding.Identity)).Draw(rt, "coding")
		body := encoded(t, codings, c, text)
		cut := rapid.IntRange(0, len(body)).Draw(rt, "cut")

		got, err := io.ReadAll(codings.Reader(c, iotest.OneByteReader(bytes.NewReader(body)), int64(len(text))))
		if err != nil || !bytes.Equal(got, text) {
			rt.Fatalf("%d bytes became %d, %v", len(text), len(got), err)
		}
		if len(text) > 0 { // one byte less than there are
			got, err = io.ReadAll(codings.Reader(c, bytes.NewReader(body), int64(len(text)-1)))
			tooBig, is := errors.AsType[*http.MaxBytesError](err)
			if !is || tooBig.Limit != int64(len(text)-1) || len(got) != len(text)-1 {
				rt.Fatalf("%d bytes of %d came out: %v", len(got), len(text), err)
			}
		}
		if _, err = io.ReadAll(codings.Reader(c, bytes.NewReader(body[:cut]), 1<<30)); c != coding.Identity && cut > 0 && cut < len(body) && err == nil {
			rt.Fatalf("a body cut at %d of %d is taken for whole", cut, len(body))
		}
	})
}

// Nothing but a bomb unfolds so far; it is ended long before the most.
func TestReader_ends_bombs(t *testing.T) {
	t.Parallel()
	codings := coding.New()
	for _, c := range both {
		bomb := encoded(t, codings, c, make([]byte, 64<<20))
		for name, most := range map[string]int64{"by ratio": 1 << 40, "by size": 1 << 20} {
			n, err := io.Copy(io.Discard, codings.Reader(c, bytes.NewReader(bomb), most))
			_, tooFar := errors.AsType[*coding.BombError](err)
			_, tooBig := errors.AsType[*http.MaxBytesError](err)
			if name == "by ratio" && !tooFar || name == "by size" && !tooBig || n > 5<<20 {
				t.Errorf("%s, %s: %d bytes of %d came out: %v", c, name, n, len(bomb), err)
			}
		}
	}
}

func TestReader_tells_damage_from_faults_of_the_body(t *testing.T) {
	t.Parallel()
	codings, lost := coding.New(), errors.New("connection lost")
	for _, c := range both {
		whole := encoded(t, codings, c, []byte(strings.Repeat("203.0.113.7\n", 100)))
		flipped := bytes.Clone(whole)
		flipped[len(flipped)-2] ^= 0x40 // in the checksum
		for name, body := range map[string][]byte{"foreign": []byte(`{"ip":"203.0.113.7"}`), "cut": whole[:len(whole)/2], "flipped": flipped} {
			_, err := io.ReadAll(codings.Reader(c, bytes.NewReader(body), 1<<20))
			if broken, is := errors.AsType[*coding.BrokenError](err); !is || broken.Coding != c || errors.Unwrap(broken) == nil {
				t.Errorf("%s, %s: %v", c, name, err)
			}
		}
		_, err := io.ReadAll(codings.Reader(c, io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), iotest.ErrReader(lost)), 1<<20))
		if !errors.Is(err, lost) {
			t.Errorf("%s: a fault of the body is told as %v", c, err)
		}
		r := codings.Reader(c, bytes.NewReader(nil), 1<<20)
		if text, err := io.ReadAll(r); len(text) != 0 || err != nil {
			t.Errorf("%s: an empty body is %q, %v", c, text, err)
		}
	}
}

// What is flushed can be read although the coding has not ended.
func TestWriter_flush(t *testing.T) {
	t.Parallel()
	codings := coding.New()
	for _, c := range both {
		var b bytes.Buffer
		w := codings.Writer(c, &b)
		_, err := w.Write([]byte("203.0.113.7\n"))
		if err := errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 12)
		if _, err := io.ReadFull(codings.Reader(c, bytes.NewReader(b.Bytes()), 1<<20), text); err != nil || string(text) != "203.0.113.7\n" {
			t.Errorf("%s: %q, %v", c, text, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if _, err := w.Write(text); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: writing after Close: %v", c, err)
		}
	}
}

// Whatever comes in, no more than most comes out, and it ends.
func FuzzReader(f *testing.F) {
	codings := coding.New()
	for _, c := range both {
		whole := encoded(f, codings, c, []byte(strings.Repeat(`{"ip":"203.0.113.7"}`, 50)))
		f.Add(c == coding.Zstd, whole)
		f.Add(c == coding.Zstd, whole[:len(whole)/2])
		f.Add(c == coding.Zstd, append(bytes.Clone(whole), whole...))
		f.Add(c != coding.Zstd, whole)
	}
	f.Fuzz(func(t *testing.T, isZstd bool, body []byte) {
		c := coding.Gzip
		if isZstd {
			c = coding.Zstd
		}
		const most = 100_000
		n, err := io.Copy(io.Discard, codings.Reader(c, bytes.NewReader(body), most))
		if n > most {
			t.Errorf("%d bytes came out", n)
		}
		_, tooBig := errors.AsType[*http.MaxBytesError](err)
		_, broken := errors.AsType[*coding.BrokenError](err)
		if err != nil && !tooBig && !broken {
			t.Errorf("ends with %v", err)
		}
	})
}
