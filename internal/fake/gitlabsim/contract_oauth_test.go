package gitlabsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab.com/cki-project/pinwheel/internal/fake/gitlabsim"
)

// GitLab sends a browser back to addresses alone that an application registered, and says
// there what was wrong. https://docs.gitlab.com/api/oauth2/
func TestSignInPageRefuses(t *testing.T) {
	w := newWorld(t, gitlabsim.Options{})
	app := w.s.AddApplication([]string{"https://a.example/back"}, []string{"read_api"})
	good := url.Values{
		"client_id": {app.ID}, "redirect_uri": {"https://a.example/back"}, "response_type": {"code"}, "scope": {"read_api"}, "state": {"x"},
		"code_challenge": {"c"}, "code_challenge_method": {"S256"},
	}
	ask := func(change map[string]string) (status int, to string) {
		q := url.Values{}
		for key := range good {
			q.Set(key, good.Get(key))
		}
		for key, value := range change {
			q.Set(key, value)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.s.BaseURL()+"/oauth/authorize?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.s.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	if status, to := ask(nil); status != http.StatusFound || !strings.HasSuffix(to, "/users/sign_in") {
		t.Errorf("nobody at the browser: %d %s", status, to)
	}
	w.s.Browse("rita", true)
	for name, c := range map[string]struct {
		change map[string]string
		status int
		to     string
	}{
		"good":                 {nil, 302, "https://a.example/back?code=code-"},
		"another application":  {map[string]string{"client_id": "none"}, 401, ""},
		"another address":      {map[string]string{"redirect_uri": "https://a.example/back/"}, 400, ""},
		"another scope":        {map[string]string{"scope": "read_api api"}, 302, "https://a.example/back?error=invalid_scope"},
		"an open challenge":    {map[string]string{"code_challenge_method": "plain"}, 302, "https://a.example/back?error=invalid_code_challenge_method"},
		"the implicit grant":   {map[string]string{"response_type": "token"}, 302, "https://a.example/back?error=unsupported_response_type"},
		"without any scope":    {map[string]string{"scope": ""}, 302, "https://a.example/back?error=invalid_scope"},
		"an address elsewhere": {map[string]string{"redirect_uri": "https://evil.example/"}, 400, ""},
	} {
		if status, to := ask(c.change); status != c.status || !strings.HasPrefix(to, c.to) || c.to == "" && to != "" {
			t.Errorf("%s: %d %s, want %d %s", name, status, to, c.status, c.to)
		}
	}
}
