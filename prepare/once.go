package prepare

import (
	"bytes"
	"context"
	"regexp"
)

// onceName matches names under which a lock may be kept, such as the number of a pipeline.
var onceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$`)

// locks is the image under which locks are kept, since they belong to none.
const locks = ""

// KeptLock reads the lock that was kept under a name. found is false if there is none.
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

// KeepLock keeps a lock under a name. So a job that is retried after its artifacts expired gets the
// same lock, and finds its builds by key.
func KeepLock(ctx context.Context, s Shelf, name string, l Lock) error {
	data := l.Encode()
	return s.put(ctx, shelved{locks, name, LockName}, bytes.NewReader(data), Tarball{SHA256: digestOf(data), Size: int64(len(data))})
}
