package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"

	"penaltybox/reportapi"
)

// httpServer serves one handler on several addresses. It answers from the
// moment it listens; what it answers can be swapped, so that "starting" is
// told before there is an API.
type httpServer struct {
	listeners []net.Listener
	server    *http.Server
	handler   atomic.Pointer[http.Handler]
	scheme    string
}

// listenHTTP binds all addresses, or none. cert may be nil.
func listenHTTP(ctx context.Context, addresses []string, cert *certificate, first http.Handler) (*httpServer, error) {
	h := &httpServer{scheme: "http"}
	h.answer(first)
	h.server = reportapi.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*h.handler.Load()).ServeHTTP(w, r)
	}))
	if cert != nil {
		h.scheme = "https"
		h.server.TLSConfig = cert.config()
	}
	for _, address := range addresses {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			h.close()
			return nil, fmt.Errorf("listening for HTTP on %s: %w", address, inUse(err))
		}
		if cert != nil {
			listener = tls.NewListener(listener, h.server.TLSConfig)
		}
		h.listeners = append(h.listeners, listener)
	}
	return h, nil
}

// inUse adds the remedy to the error of an address that is taken.
func inUse(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; is Penaltybox running already? choose another port, or 0 for a free one", err)
	}
	return err
}

// answer swaps the handler.
func (h *httpServer) answer(handler http.Handler) { h.handler.Store(&handler) }

// start serves until stop; a listener that fails is told to failed.
func (h *httpServer) start(failed func(error)) {
	for _, listener := range h.listeners {
		go func() {
			if err := h.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed(fmt.Errorf("serving HTTP on %s: %w", listener.Addr(), err))
			}
		}()
	}
}

// stop lets requests under way finish until ctx ends.
func (h *httpServer) stop(ctx context.Context) error {
	if err := h.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stopping HTTP: %w", err), h.server.Close())
	}
	return nil
}

// close ends what was bound but never served.
func (h *httpServer) close() {
	for _, listener := range h.listeners {
		listener.Close()
	}
}

// addrs returns the bound addresses.
func (h *httpServer) addrs() []string {
	addrs := make([]string, len(h.listeners))
	for i, listener := range h.listeners {
		addrs[i] = listener.Addr().String()
	}
	return addrs
}
