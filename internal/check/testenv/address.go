package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// FreeAddress returns a loopback address that nobody listens on. Its port is below those that a kernel
// gives by itself, so that no other connection takes it before the program that is told to listen there.
func FreeAddress() (string, error) {
	var last error
	for range 50 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		last = err
	}
	return "", errors.Join(errors.New("no free port among 50"), last)
}
