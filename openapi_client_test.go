package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"penaltybox/reportapi"
)

// What oapi-codegen makes of openapi.yaml compiles, and a program that uses it
// reports and asks. The program is a module of its own, so that the generator
// and its kin are no dependencies of ours.
func TestOpenAPI_generates_a_working_client(t *testing.T) {
	t.Parallel()
	node := startNode(t, defaultFlags(t.TempDir()))
	module := t.TempDir()
	if err := os.CopyFS(module, os.DirFS("deploy/openapi-client")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "openapi.yaml"), reportapi.OpenAPI(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(module, "client"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"tool", "oapi-codegen", "-config", "config.yaml", "-o", "client/client.go", "openapi.yaml"},
		{"run", ".", "http://" + node.http, node.key},
	} {
		command := exec.CommandContext(t.Context(), "go", args...)
		command.Dir = module
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args[:2], err, said)
		}
	}
}
