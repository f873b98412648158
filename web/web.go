package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Face is an address, and the handler that answers there.
type Face struct {
	Setting string // that names the address, for messages
	Address string
	Handler http.Handler
}

// Server holds the open addresses.
type Server struct {
	log      *slog.Logger
	servers  []*http.Server
	sockets  []net.Listener
	settings []string
}

// The bounds of a request.
const (
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	writeTime  = 30 * time.Second
	idleTime   = time.Minute
	headerSize = 16 << 10
)

// Listen opens the address of every face. If one cannot be opened, none stays open, and
// the error names its setting. Requests are answered only after Serve.
func Listen(faces []Face, log *slog.Logger) (*Server, error) {
	s := &Server{log: log}
	for _, f := range faces {
		socket, err := net.Listen("tcp", f.Address)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("%s: %w: another program may use that address; name another one", f.Setting, err)
		}
		s.sockets, s.settings = append(s.sockets, socket), append(s.settings, f.Setting)
		s.servers = append(s.servers, &http.Server{
			Handler: f.Handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
			MaxHeaderBytes: headerSize, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		})
	}
	return s, nil
}

func (s *Server) close() {
	for _, socket := range s.sockets {
		socket.Close() //nolint:errcheck // nobody was answered yet
	}
}

// Addresses are those that were opened, in the order of the faces.
func (s *Server) Addresses() []string {
	var out []string
	for _, socket := range s.sockets {
		out = append(out, socket.Addr().String())
	}
	return out
}

// stopTime is how long requests under way may take after a stop.
const stopTime = 500 * time.Millisecond

// Serve answers until ctx ends. Then it takes no more requests, gives those under way half
// a second, and returns.
func (s *Server) Serve(ctx context.Context) {
	var all sync.WaitGroup
	for i, server := range s.servers {
		all.Go(func() {
			if err := server.Serve(s.sockets[i]); !errors.Is(err, http.ErrServerClosed) {
				s.log.Error("an address is answered no more", "setting", s.settings[i], "err", err.Error())
			}
		})
	}
	<-ctx.Done()
	finish, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer done()
	for _, server := range s.servers {
		if server.Shutdown(finish) != nil {
			server.Close() //nolint:errcheck // the process is about to end
		}
	}
	all.Wait()
}
