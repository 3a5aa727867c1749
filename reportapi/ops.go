package reportapi

import (
	"fmt"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// OpsConfig is what operators' monitoring is told. Everything is needed but
// Version.
type OpsConfig struct {
	// Ready and LedgerID are as in [Config]; they are asked before the ledger
	// is open, too.
	Ready    func() (ready bool, outage error)
	LedgerID func() string
	Version  string
	Gatherer prometheus.Gatherer
}

// NewOps returns a handler for an address of the operators' own: /healthz,
// /readyz, /version and /metrics, as the API answers them, and nothing else.
// They need no key, and the handler serves before there is an API, or without
// one.
func NewOps(config OpsConfig) (http.Handler, error) {
	if config.Ready == nil || config.LedgerID == nil || config.Gatherer == nil {
		return nil, fmt.Errorf("making the operators' handler: ready, ledger id and gatherer must be given")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answerOps(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		view, status := newReadyView(config.Ready())
		if !view.Ready {
			w.Header().Set("Retry-After", "1")
		}
		answerOps(w, status, view)
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		answerOps(w, http.StatusOK, versionView{config.Version, runtime.Version(), config.LedgerID()})
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(config.Gatherer, promhttp.HandlerOpts{}))
	return mux, nil
}

func answerOps(w http.ResponseWriter, status int, body any) {
	encoded, err := encodeJSON(body)
	if err != nil {
		panic(fmt.Errorf("encoding an answer: %w", err)) // our own types always encode
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n')) // a client that left needs no answer
}
