package pypi

import (
	"archive/tar"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"gitlab.com/cki-project/pinwheel/python/dist"
	"gitlab.com/cki-project/pinwheel/python/metadata"
	"gitlab.com/cki-project/pinwheel/python/pep508"
)

// inWheel chooses METADATA in the one .dist-info folder at the top of a wheel ("Binary distribution
// format"), as pip does: the folder's name begins with that of the project.
type inWheel struct {
	project string // normalised
	folder  string
	found   bool
	entry   zipEntry
}

func (p *inWheel) show(e zipEntry) error {
	top, rest, _ := strings.Cut(e.name, "/")
	if !strings.HasSuffix(top, ".dist-info") {
		return nil
	}
	switch {
	case p.folder == "":
		p.folder = top
	case p.folder != top:
		return refusal("has several .dist-info folders")
	}
	if rest != "METADATA" {
		return nil
	}
	if p.found {
		return refusal("has METADATA twice")
	}
	p.found, p.entry = true, e
	return nil
}

func (p *inWheel) picked() (zipEntry, error) {
	switch {
	case p.folder == "":
		return zipEntry{}, refusal("has no .dist-info folder")
	case !strings.HasPrefix(pep508.NormalizeName(p.folder), p.project):
		return zipEntry{}, refusef("has the .dist-info folder of another project, %s", clean(p.folder))
	case !p.found:
		return zipEntry{}, refusal("has no METADATA")
	}
	return p.entry, nil
}

// inSdist chooses PKG-INFO in the folder at the top of a source distribution in a zip archive.
type inSdist struct {
	found bool
	entry zipEntry
}

func (p *inSdist) show(e zipEntry) error {
	if !p.found && isPackageInfo(e.name) {
		p.found, p.entry = true, e
	}
	return nil
}

func (p *inSdist) picked() (zipEntry, error) {
	if !p.found {
		return zipEntry{}, noPackageInfo
	}
	return p.entry, nil
}

const noPackageInfo = unknowable("has no PKG-INFO")

// isPackageInfo reports whether a member is PKG-INFO one folder deep.
func isPackageInfo(name string) bool {
	folder, rest, ok := strings.Cut(strings.TrimPrefix(name, "./"), "/")
	return ok && folder != "" && rest == "PKG-INFO"
}

// maxUnpacked bounds how much of a source distribution is unpacked before its PKG-INFO.
const maxUnpacked = 256 << 20

// packageInfo reads PKG-INFO from a source distribution in a tar archive (PEP 625, PEP 643), and no
// more of the archive than is needed to reach it. It returns an error of r as it is.
func packageInfo(r io.Reader, packing dist.Packing) ([]byte, error) {
	source := &noting{r: r}
	var unzipped io.Reader = source
	switch packing {
	case dist.Gzip:
		var err error
		if unzipped, err = gzip.NewReader(source); err != nil {
			return nil, source.or(refusal("is no gzip archive"))
		}
	case dist.Bzip2:
		unzipped = bzip2.NewReader(source)
	case dist.Tar, dist.Zip, dist.XZ:
	}
	limited := &io.LimitedReader{R: unzipped, N: maxUnpacked}
	archive := tar.NewReader(limited)
	for {
		h, err := archive.Next()
		switch {
		case source.err != nil:
			return nil, source.err
		case limited.N <= 0:
			return nil, unknowable("unpacks to more than 256 MiB")
		case errors.Is(err, io.EOF):
			return nil, noPackageInfo
		case err != nil:
			return nil, refusal("is a damaged tar archive")
		}
		if h.Typeflag != tar.TypeReg || !isPackageInfo(h.Name) {
			continue
		}
		if h.Size > metadata.MaxFile {
			return nil, refusef("has more than %d MiB of metadata", metadata.MaxFile>>20)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			return nil, source.or(refusal("is a damaged tar archive"))
		}
		return data, nil
	}
}

// noting keeps the first error of a reader, since the readers above it may wrap the error so that
// it is not recognised, or report damage instead.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(b []byte) (int, error) {
	k, err := n.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && n.err == nil {
		n.err = err
	}
	return k, err
}

func (n *noting) or(err error) error {
	if n.err != nil {
		return n.err
	}
	return err
}
