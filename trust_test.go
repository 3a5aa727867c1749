package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"penaltybox/scoring/redisledger/redistest"
)

// The session of deploy/trust.md runs as it is printed there.
func TestTrust_session(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	moments := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	block := executedBlock(t, "deploy/trust.md", "TestTrust_session") + executedBlock(t, "deploy/trust.md", "TestTrust_session, of two")
	readSession(block).wants(t, node, strings.NewReplacer(), moments)
}

// Whom one node trusts, all trust: what a newcomer said counts everywhere as soon
// as a moderator says so on another node, and no longer when that is undone.
func TestTrust_on_every_node(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	flags := [2]serveFlags{defaultFlags(t.TempDir()), defaultFlags(t.TempDir())}
	flags[0].Redis, flags[1].Redis = redis.URL(), redis.URL()
	one := startNode(t, flags[0])
	two := startNode(t, flags[1])
	lean := startNode(t, dnsOnlyFlags(t.TempDir(), redis.URL()))
	newcomer, moderator := *one, *two
	newcomer.key, moderator.key = one.newKey("web9", "reporter"), one.newKey("mo", "moderator")
	one.patch("/v1/reporters/web9", `{"probation":true}`)
	for range 3 {
		if told := newcomer.report("ip=203.0.113.7&kind=ssh.maxauth"); told.Zones[0].Listed {
			t.Errorf("on probation it lists: %+v", told)
		}
	}
	lists := func(want bool) {
		t.Helper()
		for i, node := range []*testNode{one, two, lean} {
			eventually(t, "a node follows", func() (bool, error) {
				codes, err := node.lookup("203.0.113.7", "bl.penaltybox.example")
				if err == nil && (codes != nil) != want {
					err = fmt.Errorf("node %d answers %v", i+1, codes)
				}
				return true, err
			})
		}
	}
	lists(false)
	moderator.patch("/v1/reporters/web9", `{"probation":false}`)
	lists(true)
	one.patch("/v1/reporters/web9", `{"weight":50}`)
	lists(false)
	one.patch("/v1/reporters/web9", `{"weight":100}`)
	lists(true)
	moderator.key = one.key
	moderator.patch("/v1/policy", `{"set":{"min_organisations":2}}`)
	lists(false)
}
