// Package rules reads recognisers and paths that an operator adds in a YAML
// file, without code. README.md tells how to write one.
//
// A message is described by its text with placeholders in place of what
// changes, and not by a regular expression: [parseMessage] takes only forms in
// which a client's own words, whatever they are, cannot become the address.
// What such a file says is proven by the samples that it must hold: lines that
// are to be recognised, and lines that are not.
package rules
