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
	settings []string
	all      sync.WaitGroup // what answers

	mu             sync.Mutex
	sockets        []net.Listener
	addresses      []string // as they were named
	serving, ended bool
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
		socket, err := open(f.Setting, f.Address)
		if err != nil {
			s.close()
			return nil, err
		}
		s.sockets, s.settings, s.addresses = append(s.sockets, socket), append(s.settings, f.Setting), append(s.addresses, f.Address)
		s.servers = append(s.servers, &http.Server{
			Handler: f.Handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
			MaxHeaderBytes: headerSize, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		})
	}
	return s, nil
}

func open(setting, address string) (net.Listener, error) {
	socket, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: another program may use that address; name another one", setting, err)
	}
	return socket, nil
}

func (s *Server) close() {
	for _, socket := range s.sockets {
		socket.Close() //nolint:errcheck // nobody was answered yet
	}
}

// Addresses are those that were opened, in the order of the faces.
func (s *Server) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.mu.Lock()
	s.serving = true
	for i := range s.servers {
		s.answer(i)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	finish, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer done()
	for _, server := range s.servers {
		if server.Shutdown(finish) != nil {
			server.Close() //nolint:errcheck // the process is about to end
		}
	}
	s.all.Wait()
}

// answer answers at the socket of a face, with the lock held.
func (s *Server) answer(i int) {
	socket := s.sockets[i]
	s.all.Go(func() {
		err := s.servers[i].Serve(socket)
		s.mu.Lock()
		moved := s.sockets[i] != socket
		s.mu.Unlock()
		if !moved && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("an address is answered no more", "setting", s.settings[i], "err", err.Error())
		}
	})
}

// Move gives faces other addresses, by their settings. It opens the new ones before it closes those
// from before, which take no further connection then. If one cannot be opened, all stays as it is,
// and the error names its setting. A face that has the address already is left alone.
func (s *Server) Move(to map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := map[int]net.Listener{}
	for i, setting := range s.settings {
		address, ok := to[setting]
		if !ok || address == s.addresses[i] || s.ended {
			continue
		}
		socket, err := open(setting, address)
		if err != nil {
			for _, socket := range opened {
				socket.Close() //nolint:errcheck // nobody was answered yet
			}
			return err
		}
		opened[i] = socket
	}
	for i, socket := range opened {
		before := s.sockets[i]
		s.sockets[i], s.addresses[i] = socket, to[s.settings[i]]
		if s.serving {
			s.answer(i)
		}
		before.Close() //nolint:errcheck // its connections go on
	}
	return nil
}
