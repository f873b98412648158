package gitlabsim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// genericPackage is one version of a package of the generic registry. A file that is
// uploaded again stands beside the first, and the newest is downloaded.
// https://docs.gitlab.com/user/packages/generic_packages/
type genericPackage struct {
	id            int64
	name, version string
	created       time.Time
	files         []packageFile
}

type packageFile struct {
	id   int64
	name string
	body []byte
	at   time.Time
}

func packageRoutes() []*route {
	const file = "/projects/:id/packages/generic/:name/:version/:file"
	return []*route{
		{method: "PUT", pattern: file, query: "status select", raw: true, job: true, handle: putPackageFile},
		{method: "GET", pattern: file, job: true, handle: getPackageFile},
		{method: "GET", pattern: "/projects/:id/packages", query: paging + "package_type package_name package_version order_by sort status", job: true, handle: listPackages},
		// That a job token may list the files of a package was not found, so it may not.
		{method: "GET", pattern: "/projects/:id/packages/:package_id/package_files", query: paging + "order_by sort", handle: listPackageFiles},
		// That a job token may delete was not found, so it may not.
		{method: "DELETE", pattern: "/projects/:id/packages/:package_id", handle: deletePackage},
	}
}

// What GitLab's lib/gitlab/regex.rb takes.
var (
	packageName    = lazy(`^[A-Za-z0-9._+~-]+$`)
	packageVersion = lazy(`^(\.?[\w+-]+\.?)+$`)
)

func putPackageFile(c *call) (*reply, error) {
	name, version, file := c.params["name"], c.params["version"], c.params["file"]
	switch {
	case c.p.level(c.user) < Developer:
		return nil, refuse(403, "403 Forbidden")
	case !packageName().MatchString(name), !packageName().MatchString(file), strings.HasPrefix(file, "~"):
		return nil, invalidRequest("package_name is invalid")
	case len(version) > 255 || !packageVersion().MatchString(version):
		return nil, invalidRequest("package_version is invalid")
	}
	pkg := c.p.genericPackage(name, version)
	if pkg != nil && c.p.noDuplicates && pkg.file(file) != nil {
		return nil, refuse(403, "403 Forbidden - Duplicate package is not allowed")
	}
	if pkg == nil {
		pkg = &genericPackage{id: c.s.nextID("package"), name: name, version: version, created: c.s.now()}
		c.p.packages = append(c.p.packages, pkg)
	}
	pkg.files = append(pkg.files, packageFile{c.s.nextID("package"), file, slices.Clone(c.raw), c.s.now()})
	c.s.event(c.p, c.user, "package-file", name+" "+version, file)
	if c.query.Get("select") != "package_file" {
		return created(object{"message": "201 Created"})
	}
	last := pkg.files[len(pkg.files)-1]
	sum := sha256.Sum256(last.body)
	return created(object{"id": last.id, "package_id": pkg.id, "file_name": file, "size": len(last.body), "file_sha256": hex.EncodeToString(sum[:]),
		"created_at": stamp(last.at), "updated_at": stamp(last.at)})
}

func (p *Project) genericPackage(name, version string) *genericPackage {
	for _, pkg := range p.packages {
		if pkg.name == name && pkg.version == version {
			return pkg
		}
	}
	return nil
}

// file is the newest file of a name, or nil.
func (pkg *genericPackage) file(name string) *packageFile {
	for i := len(pkg.files) - 1; i >= 0; i-- {
		if pkg.files[i].name == name {
			return &pkg.files[i]
		}
	}
	return nil
}

func getPackageFile(c *call) (*reply, error) {
	if c.p.level(c.user) < Reporter && !c.p.public {
		return nil, refuse(403, "403 Forbidden")
	}
	pkg := c.p.genericPackage(c.params["name"], c.params["version"])
	if pkg == nil || pkg.file(c.params["file"]) == nil {
		return nil, refuse(404, "404 Not found")
	}
	body := pkg.file(c.params["file"]).body
	if c.s.opt.PackagesAt != "" {
		id := hex.EncodeToString([]byte(c.path))
		c.s.storage[id] = body
		return &reply{status: 302, header: http.Header{"Location": {c.s.opt.PackagesAt + "/storage/" + id + "?signature=secret"}}, raw: []byte{}}, nil
	}
	return &reply{status: 200, header: http.Header{"Content-Type": {"application/octet-stream"}}, raw: append([]byte{}, body...)}, nil
}

// Storage is the store of objects to which downloads are redirected. It refuses who
// brings a token along, as some do that take it for a signature.
func (s *Server) Storage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		body, there := s.storage[strings.TrimPrefix(req.URL.Path, "/storage/")]
		s.mu.Unlock()
		if req.Header.Get("Private-Token")+req.Header.Get("Job-Token")+req.Header.Get("Authorization") != "" || !there || req.URL.Query().Get("signature") != "secret" {
			http.Error(w, "<Error>InvalidArgument</Error>", http.StatusBadRequest)
			return
		}
		_, _ = w.Write(body) // the client may be gone
	})
}

func listPackages(c *call) (*reply, error) {
	if c.p.level(c.user) < Reporter && !c.p.public {
		return nil, refuse(403, "403 Forbidden")
	}
	found := slices.Clone(c.p.packages)
	found = slices.DeleteFunc(found, func(pkg *genericPackage) bool {
		kind, version := c.query.Get("package_type"), c.query.Get("package_version")
		// The name is searched for, not compared.
		return kind != "" && kind != "generic" || !strings.Contains(pkg.name, c.query.Get("package_name")) || version != "" && version != pkg.version
	})
	slices.SortStableFunc(found, func(a, b *genericPackage) int { return a.created.Compare(b.created) })
	if c.query.Get("sort") == "desc" {
		slices.Reverse(found)
	}
	return listed(c, found, true, func(pkg *genericPackage) object {
		return object{"id": pkg.id, "name": pkg.name, "version": pkg.version, "package_type": "generic", "status": "default", "created_at": stamp(pkg.created),
			"last_downloaded_at": nil, "pipelines": []any{}, "tags": []any{}}
	})
}

func listPackageFiles(c *call) (*reply, error) {
	if c.p.level(c.user) < Reporter && !c.p.public {
		return nil, refuse(403, "403 Forbidden")
	}
	id := int64(c.number("package_id"))
	i := slices.IndexFunc(c.p.packages, func(pkg *genericPackage) bool { return pkg.id == id })
	if i < 0 {
		return nil, refuse(404, "404 Not found")
	}
	return listed(c, c.p.packages[i].files, true, func(f packageFile) object {
		sum := sha256.Sum256(f.body)
		return object{"id": f.id, "package_id": id, "created_at": stamp(f.at), "file_name": f.name, "size": len(f.body), "file_md5": nil, "file_sha1": nil,
			"file_sha256": hex.EncodeToString(sum[:]), "pipelines": []any{}}
	})
}

func deletePackage(c *call) (*reply, error) {
	if c.p.level(c.user) < Maintainer {
		return nil, refuse(403, "403 Forbidden")
	}
	id := int64(c.number("package_id"))
	i := slices.IndexFunc(c.p.packages, func(pkg *genericPackage) bool { return pkg.id == id })
	if i < 0 {
		return nil, refuse(404, "404 Not found")
	}
	c.s.event(c.p, c.user, "package-delete", c.p.packages[i].name+" "+c.p.packages[i].version, "")
	c.p.packages = slices.Delete(c.p.packages, i, i+1)
	return &reply{status: 204}, nil
}

// Packages lists the files of the generic registry, as NAME VERSION FILE, in the order
// of upload.
func (p *Project) Packages() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []string
	for _, pkg := range p.packages {
		for _, f := range pkg.files {
			out = append(out, pkg.name+" "+pkg.version+" "+f.name)
		}
	}
	return out
}
