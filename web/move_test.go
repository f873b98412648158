package web_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/check/testenv"
	"gitlab.com/cki-project/pinwheel/web"
)

// Of two faces one moves. If one of two new addresses cannot be opened, neither is.
func TestAnAddressMoves(t *testing.T) {
	t.Parallel()
	var free []string
	for range 3 {
		address, err := testenv.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		free = append(free, address)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	s, err := web.Listen([]web.Face{{Setting: "a", Address: free[0], Handler: says("a")}, {Setting: "b", Address: free[1], Handler: says("b")}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Serve(ctx); close(ended) }()
	want := func(address, text string) {
		t.Helper()
		got := ""
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if resp, err := client.Get("http://" + address); err == nil {
			body, _ := io.ReadAll(resp.Body)
			got = string(body)
			resp.Body.Close()
		}
		if got != text {
			t.Errorf("%s says %q, want %q", address, got, text)
		}
	}
	want(free[0], "a")
	if err := s.Move(map[string]string{"a": free[2], "b": other.Addr().String()}); err == nil {
		t.Error("an address in use was opened")
	}
	want(free[0], "a")
	want(free[2], "")
	for range 2 { // the second time nothing is left to do
		if err := s.Move(map[string]string{"a": free[2], "b": free[1], "c": ""}); err != nil {
			t.Fatal(err)
		}
	}
	want(free[0], "")
	want(free[2], "a")
	want(free[1], "b")
	cancel()
	<-ended
	if err := s.Move(map[string]string{"a": free[0]}); err != nil {
		t.Fatal(err)
	}
	want(free[0], "")
	want(free[2], "")
}
