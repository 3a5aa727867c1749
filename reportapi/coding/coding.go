package coding

import (
	"fmt"
	"strconv"
	"strings"
)

// Coding is a content coding by its name in HTTP (RFC 9110 §8.4.1).
type Coding string

// The codings. Identity, no compression, has no name.
const (
	Identity Coding = ""
	Gzip     Coding = "gzip"
	Zstd     Coding = "zstd"
)

// Names is what a server that takes the codings says in Accept-Encoding.
const Names = "gzip, zstd"

// Parse reads the values of Content-Encoding. More than one coding upon the
// other is an error: nobody needs it but who hides a bomb.
func Parse(contentEncoding []string) (Coding, error) {
	text := strings.ToLower(strings.TrimSpace(strings.Join(contentEncoding, ",")))
	switch text {
	case "", "identity":
		return Identity, nil
	case "gzip", "x-gzip": // RFC 9110 §8.4.1.3
		return Gzip, nil
	case "zstd":
		return Zstd, nil
	}
	return Identity, fmt.Errorf("content encoding %.40q: want gzip or zstd, once", text)
}

// Accepted returns the coding that the values of Accept-Encoding like best
// (RFC 9110 §12.5.3); of two liked alike, zstd, which costs less. Without the
// header, or if it cannot be read, it is Identity.
func Accepted(acceptEncoding []string) Coding {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(acceptEncoding, ","), ",") {
		name, parameters, _ := strings.Cut(part, ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = weight(parameters)
	}
	best, most := Identity, 0.0
	for _, coding := range []Coding{Zstd, Gzip} {
		w, named := weights[string(coding)]
		if !named {
			w = weights["*"]
		}
		if w > most {
			best, most = coding, w
		}
	}
	if plain, named := weights["identity"]; named && plain > most {
		return Identity
	}
	return best
}

// weight reads "q=0.5"; what cannot be read is 0, so that nothing is sent that
// might not be understood.
func weight(parameters string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if strings.TrimSpace(parameters) == "" {
		return 1
	}
	w, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") || err != nil || !(w >= 0 && w <= 1) {
		return 0
	}
	return w
}
