// Package watch follows many logs at once and brings what they tell to a
// server: follow or journal reads the lines, package parsers judges them, and
// submit delivers the incidents.
//
// Each log has a checkpoint in the state folder: where reading stands, and what
// the parser knew there. It is saved after the incidents of the lines before
// it are safe, so a watcher that is killed at any moment reads some lines
// again, finds the same incidents with the same ids, and nothing counts twice.
package watch
