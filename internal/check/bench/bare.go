package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// asked is a request that a run made.
type asked struct {
	URL    string
	Header http.Header
}

// requests logs the reads that servers are asked for.
type requests struct {
	mu  sync.Mutex
	all []asked
}

func (l *requests) of(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet && !strings.HasPrefix(q.URL.Path, "/_") {
			l.mu.Lock()
			l.all = append(l.all, asked{"http://" + q.Host + q.URL.RequestURI(), q.Header.Clone()})
			l.mu.Unlock()
		}
		next.ServeHTTP(w, q)
	})
}

func (l *requests) take() []asked {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.all
	l.all = nil
	return out
}

// bare makes the requests that in lists, eight at a time, reads the answers and
// does nothing with them. It is what a run cannot do without.
func bare(in io.Reader) error {
	var list []asked
	if err := json.NewDecoder(in).Decode(&list); err != nil {
		return err
	}
	const workers = 8
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, DisableCompression: true}}
	next, failed := make(chan asked), make(chan error, workers)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for a := range next {
				if err := a.read(client); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for _, a := range list {
		next <- a
	}
	close(next)
	all.Wait()
	close(failed)
	return <-failed
}

func (a asked) read(client *http.Client) error {
	q, err := http.NewRequest(http.MethodGet, a.URL, nil)
	if err != nil {
		return err
	}
	q.Header = a.Header
	resp, err := client.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// bare measures the bare client with the requests of a run.
func (r ready) bare(list []asked) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	text, err := json.Marshal(list)
	if err != nil {
		return sample{}, err
	}
	cmd := exec.Command(self, "-bare")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	s, _, err := timed(cmd)
	if err != nil {
		return s, fmt.Errorf("the bare client: %w", err)
	}
	s.counts, err = r.counts()
	return s, err
}
