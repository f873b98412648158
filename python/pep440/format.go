package pep440

// String returns the normal form of PEP 440 ("Normalization"): lower case, no leading zeros, no
// "v", every number written. Zeros at the end of the release stay. It returns the text from which v
// was read if that is normal already.
func (v Version) String() string {
	var buf [64]byte
	return v.keep(v.appendLocal(v.appendPublic(buf[:0], v.text(v.release))))
}

// Public returns the normal form without the local segment.
func (v Version) Public() string {
	var buf [64]byte
	return v.keep(v.appendPublic(buf[:0], v.text(v.release)))
}

// BaseVersion returns the normal form of the epoch and the release alone.
func (v Version) BaseVersion() string {
	var buf [64]byte
	return v.keep(v.appendBase(buf[:0], v.text(v.release)))
}

// Canonical returns the normal form without the zeros at the end of the release ("1.0.0" gives
// "1"). Two versions are Equal if and only if their canonical forms are the same text, so it serves
// as a key.
func (v Version) Canonical() string {
	var buf [64]byte
	return v.keep(v.appendLocal(v.appendPublic(buf[:0], trimRelease(v.text(v.release)))))
}

// Local returns the local segment in its normal form, "" if there is none.
func (v Version) Local() string {
	if v.has&hasLocal == 0 {
		return ""
	}
	var buf [64]byte
	return string(v.appendLocal(buf[:0])[1:])
}

// keep makes a string of b. It returns the raw text if that is the same.
func (v Version) keep(b []byte) string {
	if string(b) == v.raw {
		return v.raw
	}
	return string(b)
}

func (v Version) appendBase(b []byte, release string) []byte {
	if v.IsZero() {
		return b
	}
	if epoch := v.text(v.epoch); epoch != "" {
		b = append(append(b, epoch...), '!')
	}
	for {
		var segment string
		segment, release = cutSegment(release)
		b = append(b, number(segment)...)
		if release == "" {
			return b
		}
		b = append(b, '.')
	}
}

func (v Version) appendPublic(b []byte, release string) []byte {
	b = v.appendBase(b, release)
	if letter, num, ok := v.Pre(); ok {
		b = append(append(b, letter...), num...)
	}
	if num, ok := v.Post(); ok {
		b = append(append(b, ".post"...), num...)
	}
	if num, ok := v.Dev(); ok {
		b = append(append(b, ".dev"...), num...)
	}
	return b
}

func (v Version) appendLocal(b []byte) []byte {
	sep := byte('+')
	for rest := v.text(v.local); rest != ""; sep = '.' {
		var part string
		part, rest = cutLabel(rest)
		b = append(b, sep)
		if digits, ok := labelNumber(part); ok {
			b = append(b, number(digits)...)
			continue
		}
		for i := range len(part) {
			b = append(b, lower(part[i]))
		}
	}
	return b
}

// trimRelease drops the segments at the end that are zero, but keeps the first.
func trimRelease(release string) string {
	for i := len(release) - 1; i > 0; i-- {
		switch release[i] {
		case '0':
		case '.':
			release = release[:i]
		default:
			return release
		}
	}
	return release
}
