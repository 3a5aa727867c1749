package reportapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// headerTimeout, readTimeout and writeTimeout bound a whole request. Bodies
	// and lists that keep moving get readTimeout and writeTimeout anew for
	// each stretch.
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	writeTimeout  = 120 * time.Second
	idleTimeout   = 120 * time.Second

	maxHeader = 32 << 10  // bytes of request line and headers
	stretch   = 256 << 10 // bytes that must move within one timeout
)

// NewHTTPServer returns a server for the handler of [New] with the timeouts
// that cut off clients who send or read too slowly. Address, TLS and ErrorLog
// are the caller's.
func NewHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
}

// pacer moves the deadlines of a connection ahead while bytes move. Writers
// that know no deadlines (tests' recorders) are left alone.
type pacer struct {
	connection *http.ResponseController
	moved      int
}

func newPacer(w http.ResponseWriter) *pacer {
	return &pacer{connection: http.NewResponseController(w)}
}

func (p *pacer) move(n int) {
	if p.moved += n; p.moved < stretch {
		return
	}
	p.moved = 0
	now := time.Now()                                        // the kernel's clock, not the ledger's
	_ = p.connection.SetReadDeadline(now.Add(readTimeout))   // unsupported: no deadline to move
	_ = p.connection.SetWriteDeadline(now.Add(writeTimeout)) // likewise
}

// pacedReader is a body that may take long as long as it keeps coming.
type pacedReader struct {
	io.Reader
	*pacer
}

// errBody marks faults of reading a body, which are the client's or the
// network's.
var errBody = errors.New("reading the body")

func (r pacedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.move(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errBody, err)
	}
	return n, err
}

// pacedWriter is an answer that may take long as long as it is read.
type pacedWriter struct {
	io.Writer
	*pacer
}

func (w pacedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.move(n)
	return n, err
}
