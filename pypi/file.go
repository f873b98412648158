package pypi

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// file reads one element of files (PEP 691, 700, 592). The decoder reads it as one value,
// which costs half of what its parts would.
func (p *page) file() error {
	if p.json.PeekKind() != '{' {
		return p.json.SkipValue()
	}
	raw, err := p.json.ReadValue()
	if err != nil {
		return err
	}
	var f file
	var from fetch
	extra := len(p.extra)
	for in := (fields{raw: raw}); in.next(); {
		if err := p.fileField(&f, &from, in.key, in.value); err != nil {
			return err
		}
	}
	if n := f.name.to - f.name.from; n > 255 {
		p.arena, p.extra = p.arena[:f.name.from], p.extra[:extra] // no file has such a name
	} else if n > 0 {
		p.files = append(p.files, f)
		if p.details != nil {
			p.fetches = append(p.fetches, from)
		}
	}
	return cmp.Or(p.caps.tooMany(len(p.files), "files"), p.grown())
}

func (p *page) fileField(f *file, from *fetch, key, value jsontext.Value) (err error) {
	switch string(key) {
	case `"filename"`:
		if value[0] == '"' {
			f.name, err = p.keep(value)
		}
	case `"hashes"`:
		if value[0] == '{' && (p.hashes || p.details != nil) {
			p.hashesOf(f, from, value)
		}
	case `"requires-python"`:
		err = p.intern(&f.RequiresPython, value)
	case `"upload-time"`:
		if value[0] == '"' {
			f.Uploaded = uploadTime(value[1 : len(value)-1])
		}
	case `"yanked"`:
		switch value[0] {
		case 't':
			f.Yanked = true
		case '"':
			// The PEP wants a reason to be non-empty; pip takes "" for false.
			err = p.intern(&f.YankedReason, value)
			f.Yanked = f.YankedReason != ""
		}
	default:
		if p.details != nil {
			err = p.fetchField(from, key, value)
		}
	}
	return err
}

// intern reads a string that many files share; it ignores a value of another type.
func (p *page) intern(to *string, raw jsontext.Value) error {
	if raw[0] != '"' {
		return nil
	}
	if known, ok := p.texts[string(raw)]; ok {
		*to = known
		return nil
	}
	b, err := appendText(nil, raw)
	*to = string(b)
	p.texts[string(raw)] = *to
	p.interned += 2*len(raw) + 64
	return err
}

// appendText appends the text of a JSON string.
func appendText(to []byte, raw jsontext.Value) ([]byte, error) {
	if slices.Contains(raw, '\\') {
		return jsontext.AppendUnquote(to, raw)
	}
	return append(to, raw[1:len(raw)-1]...), nil
}

// uploadTime reads the form of PEP 700, "2024-02-09T20:23:00.123456Z", to the microsecond, and any
// other text as RFC 3339. If it is neither, the result is the zero time, which means that the time
// is not known.
func uploadTime(b []byte) time.Time {
	if t, ok := plainTime(b); ok {
		return t
	}
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil || t.Year() < 1970 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func plainTime(b []byte) (time.Time, bool) {
	if len(b) < 20 || len(b) > 27 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[len(b)-1] != 'Z' {
		return time.Time{}, false
	}
	year, ok1 := digits(b[0:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	hour, ok4 := digits(b[11:13])
	minute, ok5 := digits(b[14:16])
	second, ok6 := digits(b[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return time.Time{}, false
	}
	micro := 0
	if fraction := b[19 : len(b)-1]; len(fraction) > 0 {
		n, ok := digits(fraction[1:])
		if !ok || fraction[0] != '.' || len(fraction) < 2 {
			return time.Time{}, false
		}
		for range 7 - len(fraction) {
			n *= 10
		}
		micro = n
	}
	// The strict parser refuses days that a month does not have, and the like.
	if year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, micro*1000, time.UTC)
	return t, day <= 28 || t.Day() == day
}

func digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}
