package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"gitlab.com/cki-project/pinwheel/config"
	"gitlab.com/cki-project/pinwheel/gitlab"
	"gitlab.com/cki-project/pinwheel/web/signin"
)

// listens looks at the addresses on which serve answers, and at what those need who ask there.
// It asks GitLab for nothing but whether it knows the application of sign-ins.
func (d *doctor) listens(ctx context.Context) {
	l := d.config.Listen
	for _, at := range []struct{ setting, address string }{{"listen.hooks", l.Hooks}, {"listen.page", l.Page}, {"listen.metrics", l.Metrics}} {
		if at.address != "" {
			d.address(ctx, at.setting, at.address)
		}
	}
	if l.Hooks != "" {
		d.hooks()
	}
	if l.Page == "" {
		return
	}
	if l.PageAccess == config.PageProxy {
		if !fromHere(l.Page) {
			d.say(doubt, "listen.page", "%s is open to whoever reaches this machine, and shows all projects: let nobody reach it past the proxy, or listen on 127.0.0.1", l.Page)
		}
		return
	}
	d.signIn(ctx)
}

// address opens one and closes it again. One that serve holds already is as it should be.
func (d *doctor) address(ctx context.Context, setting, address string) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		d.say(doubt, setting, "%s is in use: that is right if serve runs here; if another program is there, name another address", address)
	case errors.Is(err, syscall.EACCES):
		d.say(wrong, setting, "%s may not be opened by this user: name a port from 1024 on", address)
	case err != nil:
		d.say(wrong, setting, "%s cannot be opened on this machine: name an address that it has, or :PORT for all of them", address)
	default:
		socket.Close() //nolint:errcheck // nobody was answered
		d.say(good, setting, "%s is free", address)
	}
}

// fromHere reports whether an address is reached from this machine alone.
func fromHere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// shortestHookToken is what a token has to have that nobody guesses.
const shortestHookToken = 16

// hooks looks at the token that webhooks carry, and at where GitLab reaches them.
func (d *doctor) hooks() {
	const subject = "listen.hooks"
	token, err := d.config.HooksToken(d.env)
	at := d.config.Listen.HooksURL
	switch {
	case err != nil:
		d.say(wrong, subject, "%s", sentence(err))
	case len(token.Reveal()) < shortestHookToken:
		d.say(doubt, subject, "the token has less than %d characters: make one with openssl rand -hex 32, and run pinwheel hooks install", shortestHookToken)
	case at == "":
		d.say(doubt, subject, "the token is there, but not the address at which GitLab reaches it: add listen.hooks_url, and run pinwheel hooks check")
	case !strings.HasSuffix(at, "/hooks/gitlab"):
		d.say(doubt, subject, "listen.hooks_url does not end with /hooks/gitlab, where pinwheel takes events: correct it unless your proxy changes the path")
	default:
		d.say(good, subject, "the token is there; pinwheel hooks check says whether GitLab sends events to %s", at)
	}
}

// signIn looks at the settings of sign-ins, and lets GitLab say whether it knows the application
// with this secret.
func (d *doctor) signIn(ctx context.Context) {
	const subject = "listen.page"
	l := d.config.Listen
	signIn, err := d.signsIn(d.config, &wire{})
	if err != nil {
		d.say(wrong, subject, "%s", sentence(err))
		return
	}
	switch err := signIn.Check(ctx); {
	case errors.Is(err, gitlab.ErrUnauthorized):
		d.say(wrong, subject, "GitLab does not know the application %s with this secret: compare listen.page_application and the secret with GitLab's page of the application", l.PageApplication)
	case err != nil:
		d.say(doubt, subject, "whether GitLab knows the application %s cannot be read (%v)", l.PageApplication, err)
	default:
		d.say(good, subject, "GitLab knows the application; its redirect URI has to be %s, and its scope %s", l.PageURL+signin.CallbackPath, gitlab.ReaderScope)
	}
}
