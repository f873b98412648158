package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// This file ticks boxes while a round is under way.

// ticked ticks boxes and judges.
func (m *many) ticked(s *serving) ([]bound, error) {
	took, err := m.tick(s)
	if err != nil {
		return nil, err
	}
	return []bound{{"ticks without a merge request", float64(m.ticks - len(took)), 0, ""}, {"tick to merge request beside a round: p99", took[len(took)*99/100], 10, "s"}}, nil
}

// tick does that, and returns how long each took, sorted.
func (m *many) tick(s *serving) ([]float64, error) {
	if m.whole {
		if err := m.configureAnew(); err != nil {
			return nil, err
		}
	}
	s.again()
	time.Sleep(500 * time.Millisecond)
	var address strings.Builder
	fmt.Fprintf(&address, "%s/_tick?%d&%g&%s", m.GitLab, m.ticks, m.rate, m.hooks)
	if m.cores {
		for _, cmd := range s.cmds {
			fmt.Fprintf(&address, "&pid=%d", cmd.Process.Pid)
		}
	}
	resp, err := http.Get(address.String())
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	fmt.Fprint(m.out, "beside ticks ")
	if _, err := m.round(s); err != nil {
		return nil, err
	}
	var took []float64
	for began := time.Now(); time.Since(began) < tickPatience; time.Sleep(time.Second) {
		resp, err := http.Get(m.GitLab + "/_ticked")
		if err != nil {
			return nil, err
		}
		took = nil
		err = json.NewDecoder(resp.Body).Decode(&took)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if len(took) >= m.ticks {
			break
		}
	}
	if len(took) == 0 {
		return nil, fmt.Errorf("no tick became a merge request\n%s", tail(s.said.String()))
	}
	slices.Sort(took)
	fmt.Fprintf(m.out, "%d of %d ticks became merge requests: median %.2f s, p99 %.2f s, longest %.2f s\n", len(took), m.ticks, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	return took, nil
}

// configureAnew changes a setting in every configuration that no decision depends on, so that no record of
// a quiet run counts any more.
func (m *many) configureAnew() error {
	for _, path := range m.configs {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, bytes.Replace(text, []byte("gitlab: {"), []byte("gitlab: {former_users: [a-user-of-before], "), 1), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
