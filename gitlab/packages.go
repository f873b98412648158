package gitlab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab.com/cki-project/pinwheel/outage"
)

// This file is about the generic package registry, whose files are larger than what
// the guard holds: they are streamed, and their digests are checked.
// https://docs.gitlab.com/user/packages/generic_packages/

// bulkTime is the longest that one file takes in either direction.
const bulkTime = 30 * time.Minute

// PackageFile names one file of the generic registry of a project.
type PackageFile struct{ Package, Version, File string }

// Package is one version of a package.
type Package struct {
	ID            int64
	Name, Version string
	Created       time.Time
}

// bulk carries files. It follows no redirect by itself, so that the token stays here.
func bulk(next http.RoundTripper, record *outage.Record) *http.Client {
	return &http.Client{
		Transport:     &outage.Transport{Next: next, Record: record, Write: bulkTime, Total: bulkTime},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c *Client) packageURL(project int64, f PackageFile) string {
	return fmt.Sprintf("%sprojects/%d/packages/generic/%s/%s/%s", c.API.BaseURL(), project, url.PathEscape(f.Package), url.PathEscape(f.Version), url.PathEscape(f.File))
}

// PutPackageFile uploads a file of a known size and digest. If there is a file of that
// name already, GitLab keeps both and gives the newest. It is an error if GitLab
// received other bytes.
func (c *Client) PutPackageFile(ctx context.Context, project int64, f PackageFile, body Upload) error {
	doing := fmt.Sprintf("upload %s of package %s", f.File, f.Package)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, c.packageURL(project, f)+"?select=package_file", body.Content)
	if err != nil {
		return Fail(err, "%s", doing)
	}
	req.ContentLength = body.Size
	resp, err := c.send(ctx, req)
	if err != nil {
		return Fail(err, "%s", doing)
	}
	defer resp.Body.Close()
	answer, err := readBody(resp.Body)
	if err != nil {
		return Fail(err, "%s", doing)
	}
	if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusOK {
		return answeredWith(resp, answer, doing)
	}
	if got, told := digestIn(answer); told && got != body.SHA256 {
		return Fail(fmt.Errorf("%w: GitLab received other bytes than were sent", ErrUnavailable), "%s", doing)
	}
	return nil
}

// Upload is a file to be sent.
type Upload struct {
	Content io.Reader
	Size    int64
	SHA256  string
}

// digestIn is the digest that an answer tells; not every GitLab does.
func digestIn(answer []byte) (string, bool) {
	const key = `"file_sha256":"`
	_, rest, found := strings.Cut(string(answer), key)
	digest, _, ended := strings.Cut(rest, `"`)
	return digest, found && ended && digest != ""
}

// GetPackageFile writes a file to w and returns its digest. found is false if the
// project has no such file. If GitLab redirects to an object store, that store gets
// no token.
func (c *Client) GetPackageFile(ctx context.Context, project int64, f PackageFile, w io.Writer) (digest string, found bool, err error) {
	doing := fmt.Sprintf("download %s of package %s", f.File, f.Package)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.packageURL(project, f), nil)
	if err != nil {
		return "", false, Fail(err, "%s", doing)
	}
	resp, err := c.send(ctx, req)
	if err != nil {
		return "", false, Fail(err, "%s", doing)
	}
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && to != "" {
		resp.Body.Close()
		if resp, err = c.elsewhere(ctx, req, to); err != nil {
			return "", false, Fail(err, "%s", doing)
		}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := readBody(resp.Body)
		if err == nil {
			err = notGitLab(resp, answer)
		}
		if err = Fail(err, "%s", doing); err == nil {
			err = answeredWith(resp, answer, doing)
		}
		if Missing(err) {
			return "", false, nil
		}
		return "", false, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), resp.Body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", false, Fail(err, "%s", doing)
	}
	return hex.EncodeToString(sum.Sum(nil)), true, nil
}

// PackageFileDigest is the digest that GitLab tells of the newest file of a name, which
// is the one that it gives. found is false if there is no such file.
// https://docs.gitlab.com/api/packages/#list-package-files
func (c *Client) PackageFileDigest(ctx context.Context, project int64, f PackageFile) (digest string, found bool, err error) {
	kind := "generic"
	versions, err := List(func(page api.ListOptions) ([]*api.Package, *api.Response, error) {
		opt := &api.ListProjectPackagesOptions{ListOptions: page, PackageType: &kind, PackageName: &f.Package, PackageVersion: &f.Version}
		return c.API.Packages.ListProjectPackages(project, opt, api.WithContext(ctx))
	})
	if err != nil {
		return "", false, Fail(err, "list the versions of package %s", f.Package)
	}
	var newest int64
	for _, p := range versions {
		if p.Name != f.Package || p.Version != f.Version {
			continue
		}
		files, err := List(func(page api.ListOptions) ([]*api.PackageFile, *api.Response, error) {
			return c.API.Packages.ListPackageFiles(project, p.ID, &api.ListPackageFilesOptions{ListOptions: page}, api.WithContext(ctx))
		})
		if err != nil && !Missing(err) {
			return "", false, Fail(err, "list the files of package %s", f.Package)
		}
		for _, file := range files {
			if file.FileName == f.File && file.ID > newest {
				newest, digest, found = file.ID, file.FileSHA256, true
			}
		}
	}
	return digest, found, nil
}

// send adds the token to a request and sends it once.
func (c *Client) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	key, value, err := c.auth.Header(ctx)
	if err != nil {
		return nil, err
	}
	req.Header.Set(key, value)
	req.Header.Set("User-Agent", c.userAgent)
	return c.files.Do(req)
}

// elsewhere follows the redirect of a download, encrypted where the first was, and
// without the token.
func (c *Client) elsewhere(ctx context.Context, first *http.Request, to string) (*http.Response, error) {
	u, err := first.URL.Parse(to)
	if err != nil || u.Scheme != "https" && u.Scheme != first.URL.Scheme {
		return nil, &redirectError{from: first.URL.Host, to: "an address that is not encrypted", method: first.Method}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil) //nolint:gosec // GitLab names its own store, and gets no token there
	if err != nil {
		return nil, errors.New("the redirect cannot be read")
	}
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.files.Do(req) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("the store of GitLab's files: %w", err)
	}
	return resp, nil
}

// answeredWith turns a refusal of a file into an error with a kind and a text of ours.
func answeredWith(resp *http.Response, body []byte, doing string) error {
	f := &Failure{Doing: doing, Text: fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))}
	switch status := resp.StatusCode; {
	case status == http.StatusNotFound:
		f.Kinds = []error{ErrNotFound}
	case status == http.StatusUnauthorized:
		f.Kinds = []error{ErrUnauthorized}
	case status == http.StatusForbidden && strings.Contains(string(body), "insufficient_scope"):
		f.Kinds = []error{ErrForbidden, ErrScope}
	case status == http.StatusForbidden:
		f.Kinds = []error{ErrForbidden}
	case status == http.StatusTooManyRequests, status >= 500:
		f.Kinds = []error{ErrUnavailable}
	case status == http.StatusRequestEntityTooLarge:
		f.Kinds = []error{ErrRefused}
		f.Advice = fmt.Sprintf("could not %s: GitLab takes no file that large; let an administrator raise the limit of generic packages, or keep builds in a folder", doing)
	case status/100 == 3:
		return Fail(&redirectError{from: resp.Request.URL.Host, to: "another address", method: resp.Request.Method}, "%s", doing)
	default:
		f.Kinds = []error{ErrRefused}
	}
	return f
}

// Packages lists the versions of a generic package, newest first.
// https://docs.gitlab.com/api/packages/#for-a-project
func (c *Client) Packages(ctx context.Context, project int64, name string) ([]Package, error) {
	kind, order, sort := "generic", "created_at", "desc"
	opt := &api.ListProjectPackagesOptions{PackageType: &kind, PackageName: &name, OrderBy: &order, Sort: &sort}
	list, err := List(func(page api.ListOptions) ([]*api.Package, *api.Response, error) {
		opt.ListOptions = page
		return c.API.Packages.ListProjectPackages(project, opt, api.WithContext(ctx))
	})
	var out []Package
	for _, p := range list {
		if p.Name == name { // GitLab searches for a part of the name
			out = append(out, Package{p.ID, p.Name, p.Version, Instant(p.CreatedAt)})
		}
	}
	return out, Fail(err, "list the versions of package %s", name)
}

// DeletePackage deletes a version with its files. One that is gone is no error.
// https://docs.gitlab.com/api/packages/#delete-a-project-package
func (c *Client) DeletePackage(ctx context.Context, project, id int64) error {
	_, err := c.API.Packages.DeleteProjectPackage(project, id, api.WithContext(ctx))
	err = Fail(err, "delete package %d", id)
	if Missing(err) {
		return nil
	}
	return err
}
