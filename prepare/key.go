package prepare

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// Interpreter is the Python for which a set is built, as it describes itself.
type Interpreter struct {
	Executable     string `json:"executable"` // that a virtual environment links to
	Implementation string `json:"implementation"`
	Version        string `json:"version"` // 3.12.1
	ABI            string `json:"abi"`     // such as cpython-312-x86_64-linux-gnu
	Libc           string `json:"libc"`    // such as glibc 2.36; empty if Python does not know it
	Platform       string `json:"platform"`
}

// probe is the program that an interpreter runs to describe itself. It prints one JSON object.
const probe = `import json, os, platform, sys, sysconfig
print(json.dumps({"executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable), "implementation": sys.implementation.name,
 "version": platform.python_version(), "abi": sysconfig.get_config_var("SOABI") or "", "libc": " ".join(platform.libc_ver()).strip(),
 "platform": sysconfig.get_platform()}))`

// oldest is the minor version of the first Python 3 that can compile the same byte code again.
const oldest = 7

func readInterpreter(answer []byte) (Interpreter, error) {
	var i Interpreter
	if err := json.Unmarshal(answer, &i); err != nil || i.Version == "" || i.Executable == "" {
		return Interpreter{}, mistake("the interpreter does not answer as a Python does: name another one in software.images[].python")
	}
	major, rest, _ := strings.Cut(i.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if n, err := strconv.Atoi(minor); major != "3" || err != nil || n < oldest {
		return Interpreter{}, mistake("Python %s is too old: a set needs Python 3.%d, and this is %s", i.Version, oldest, i.Executable)
	}
	return i, nil
}

// Image is where a set is used: a name for files and commands, and what it is.
type Image struct {
	Name      string `json:"name"`
	Reference string `json:"reference"` // best by digest; empty is the name alone
}

// target is everything on which the result of a build depends.
type target struct {
	Lock        string      `json:"lock"` // digest
	Interpreter Interpreter `json:"interpreter"`
	Image       Image       `json:"image"`
	Root        string      `json:"root"`
	Compression Compression `json:"compression"`
	Variables   []string    `json:"variables,omitempty"`
}

// key is the name under which a build of a target is kept. The same target has the same key on
// every machine.
func (t target) key() string {
	t.Image.Reference = cmp.Or(t.Image.Reference, t.Image.Name)
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // it has only texts
	}
	return digestOf(append([]byte("pinwheel prepare 1\n"), data...))
}
