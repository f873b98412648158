package signin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	"gitlab.com/cki-project/pinwheel/gitlab"
)

const (
	mostSessions = 2000            // that are kept; the one that ends first makes room
	longest      = 12 * time.Hour  // that a session lasts
	fresh        = 2 * time.Minute // for which GitLab's answer is believed
	asksAtOnce   = 4               // readers for whom GitLab is asked at the same time
	askTime      = 20 * time.Second
)

// session is somebody who signed in.
type session struct {
	token gitlab.ReaderToken
	ends  time.Time

	mu    sync.Mutex // held while GitLab is asked
	name  string
	reads map[string]bool // paths in small letters
	at    time.Time       // when GitLab said so
}

// sessions are all of them, by the digest of their cookies: who reads the memory of the
// process in a dump learns no cookie.
type sessions struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

// secretText is a new secret of 43 characters.
func secretText() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// add keeps a session and returns its cookie.
func (s *sessions) add(one *session, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first [sha256.Size]byte
	for key, other := range s.all {
		if !now.Before(other.ends) {
			delete(s.all, key)
		} else if known := s.all[first]; known == nil || other.ends.Before(known.ends) {
			first = key
		}
	}
	if len(s.all) >= mostSessions {
		delete(s.all, first)
	}
	cookie := secretText()
	s.all[sha256.Sum256([]byte(cookie))] = one
	return cookie
}

// find is the session of a cookie, nil if there is none or it ended.
func (s *sessions) find(cookie string, now time.Time) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[sha256.Sum256([]byte(cookie))]
	if one == nil || !now.Before(one.ends) {
		return nil
	}
	return one
}

// drop ends the session of a cookie and returns it, nil if there is none.
func (s *sessions) drop(cookie string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := sha256.Sum256([]byte(cookie))
	one := s.all[key]
	delete(s.all, key)
	return one
}

// errEnded says that GitLab no longer knows the reader.
var errEnded = errors.New("the session ended")

// rights returns who reads and which projects, as GitLab says now or said within two minutes.
// The error is errEnded if GitLab no longer accepts the token, since it expired or was revoked.
func (d *Door) rights(ctx context.Context, one *session) (name string, reads map[string]bool, err error) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if now := d.o.Now(); one.at.IsZero() || now.Sub(one.at) >= fresh {
		ctx, done, err := d.turn(ctx)
		if err != nil {
			return "", nil, err
		}
		defer done()
		projects, err := d.o.Projects(ctx)
		if err != nil {
			return "", nil, err
		}
		name, reads, err := d.o.GitLab.Reads(ctx, one.token, projects)
		switch {
		case errors.Is(err, gitlab.ErrUnauthorized):
			return "", nil, errEnded
		case err != nil:
			return "", nil, err
		}
		one.name, one.reads, one.at = name, map[string]bool{}, now
		for path := range reads {
			one.reads[strings.ToLower(path)] = true
		}
	}
	return one.name, one.reads, nil
}

// turn waits until GitLab may be asked, so that visitors cost it no more than a few requests at
// the same time. done has to be called.
func (d *Door) turn(ctx context.Context) (within context.Context, done func(), err error) {
	within, stop := context.WithTimeout(ctx, askTime)
	select {
	case d.asking <- struct{}{}:
		return within, func() { stop(); <-d.asking }, nil
	case <-within.Done():
		stop()
		return nil, nil, within.Err()
	}
}
