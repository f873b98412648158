package prepare

import (
	"bytes"
	"context"
	"regexp"
)

// onceName is what a lock may be kept under, such as the number of a pipeline.
var onceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$`)

// locks stands for an image among what is kept: locks are of none.
const locks = ""

// KeptLock reads the lock that was kept under a name. found is false where there is none.
func KeptLock(ctx context.Context, s Shelf, name string) (l Lock, found bool, err error) {
	if !onceName.MatchString(name) {
		return Lock{}, false, mistake("%q is not a name that a lock can be kept under: write letters, digits, _ and - alone, such as the number of the pipeline", name)
	}
	var out bytes.Buffer
	found, err = s.get(ctx, shelved{locks, name, LockName}, &out)
	if err != nil || !found {
		return Lock{}, false, err
	}
	l, err = ReadLock(out.Bytes())
	return l, err == nil, err
}

// KeepLock keeps a lock under a name, for whoever makes it again: a job that is retried
// after its artifacts expired has the same lock, and so finds the builds of it by key.
func KeepLock(ctx context.Context, s Shelf, name string, l Lock) error {
	data := l.Encode()
	return s.put(ctx, shelved{locks, name, LockName}, bytes.NewReader(data), Tarball{SHA256: digestOf(data), Size: int64(len(data))})
}
