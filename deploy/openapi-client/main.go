// Command openapi-client reports, asks and withdraws through the client that
// oapi-codegen makes of openapi.yaml (config.yaml), against a server that runs. A
// test makes the client and runs it; on its own:
//
//	mkdir client
//	go tool oapi-codegen -config config.yaml -o client/client.go ../../reportapi/openapi.yaml
//	go run . http://127.0.0.1:8080 KEY
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"penaltybox/deploy/openapi-client/client"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "openapi-client:", err)
		os.Exit(1)
	}
	fmt.Println("the generated client works")
}

func run(ctx context.Context, url, key string) error {
	api, err := client.NewClientWithResponses(url, client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	if err != nil {
		return err
	}
	kind := "ssh.maxauth"
	reported, err := api.ReportWithFormdataBodyWithResponse(ctx, nil, client.ReportFormdataRequestBody{Ip: "203.0.113.77", Kind: &kind})
	if err != nil {
		return err
	}
	if reported.JSON201 == nil {
		return fmt.Errorf("reporting: %s: %s", reported.Status(), reported.Body)
	}
	found, err := api.SearchWithResponse(ctx, &client.SearchParams{Ip: new("203.0.113.77")})
	if err != nil {
		return err
	}
	if found.JSON200 == nil || len(found.JSON200.Incidents) != 1 {
		return fmt.Errorf("searching: %s: %s", found.Status(), found.Body)
	}
	checked, err := api.CheckWithResponse(ctx, "203.0.113.77", &client.CheckParams{})
	if err != nil {
		return err
	}
	if checked.StatusCode() != http.StatusOK || string(checked.Body) != "clean\n" {
		return fmt.Errorf("checking: %s: %s", checked.Status(), checked.Body)
	}
	refused, err := api.ReadIPWithResponse(ctx, "nonsense")
	if err != nil {
		return err
	}
	if refused.ApplicationproblemJSON400 == nil {
		return errors.New("a problem is not read as one")
	}
	return nil
}
