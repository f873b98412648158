package pep508

import (
	"fmt"
	"strconv"
	"strings"
)

// Environment holds the variables of PEP 508 with which a marker is evaluated. An empty field is a
// variable that is not known. A marker that uses it cannot be evaluated.
type Environment struct {
	OSName                       string
	SysPlatform                  string
	PlatformMachine              string
	PlatformPythonImplementation string
	PlatformRelease              string
	PlatformSystem               string
	PlatformVersion              string
	PythonVersion                string
	PythonFullVersion            string
	ImplementationName           string
	ImplementationVersion        string

	// Extras are the extras that are asked for, in any spelling. A marker
	// holds if it does with one of them as "extra"; without any, "extra" is
	// the empty text.
	Extras []string
}

// newestPatch is the patch release that stands for the newest one if only the minor version of a
// Python is known. It is above every real one, so ">=3.11.4" holds for "3.11" and "<3.11.4" does
// not, as for a Python that is kept up to date.
const newestPatch = ".99"

// EnvironmentFor returns the environment of CPython on Linux. Python is a
// version of two numbers, which stands for its newest patch release, or of
// three. Platform is "linux/" and the machine as the kernel names it, such as
// "linux/x86_64" or "linux/aarch64". The kernel's release and version stay
// unknown. The environment asks for no extra.
func EnvironmentFor(python, platform string) (Environment, error) {
	machine, isLinux := strings.CutPrefix(platform, "linux/")
	if !isLinux || machine == "" || strings.ContainsFunc(machine, func(r rune) bool { return r >= 0x80 || !isWord(byte(r)) }) { //nolint:gosec // only what is below 0x80 is asked for as a byte
		return Environment{}, fmt.Errorf("make environment: platform %.40q is not of the form linux/x86_64", platform)
	}
	numbers := strings.Split(python, ".")
	if len(numbers) < 2 || len(numbers) > 3 {
		return Environment{}, fmt.Errorf("make environment: python %.40q is not of the form 3.11 or 3.11.4", python)
	}
	for _, n := range numbers {
		if v, err := strconv.ParseUint(n, 10, 16); err != nil || strconv.FormatUint(v, 10) != n {
			return Environment{}, fmt.Errorf("make environment: python %.40q is not of the form 3.11 or 3.11.4", python)
		}
	}
	full := python
	if len(numbers) == 2 {
		full += newestPatch
	}
	return Environment{
		OSName:                       "posix",
		SysPlatform:                  "linux",
		PlatformMachine:              machine,
		PlatformPythonImplementation: "CPython",
		PlatformSystem:               "Linux",
		PythonVersion:                numbers[0] + "." + numbers[1],
		PythonFullVersion:            full,
		ImplementationName:           "cpython",
		ImplementationVersion:        full,
	}, nil
}

// WithExtras returns a copy of e that asks for exactly the extras given.
func (e Environment) WithExtras(extras ...string) Environment {
	e.Extras = extras
	return e
}

// lookup returns the value of a variable by its present name, and whether it
// is known.
func (e *Environment) lookup(name, extra string) (string, bool) {
	var value string
	switch name {
	case "os_name":
		value = e.OSName
	case "sys_platform":
		value = e.SysPlatform
	case "platform_machine":
		value = e.PlatformMachine
	case "platform_python_implementation":
		value = e.PlatformPythonImplementation
	case "platform_release":
		value = e.PlatformRelease
	case "platform_system":
		value = e.PlatformSystem
	case "platform_version":
		value = e.PlatformVersion
	case "python_version":
		value = e.PythonVersion
	case "python_full_version":
		value = e.PythonFullVersion
		if strings.HasSuffix(value, "+") {
			// An interpreter built from a checkout says so in a form that is
			// no version; the reference implementation completes it.
			value += "local"
		}
	case "implementation_name":
		value = e.ImplementationName
	case "implementation_version":
		value = e.ImplementationVersion
	case "extra":
		return extra, true
	}
	return value, value != ""
}

// isVersionVariable says which variables are compared as versions.
func isVersionVariable(name string) bool {
	switch name {
	case "python_version", "python_full_version", "implementation_version", "platform_release":
		return true
	}
	return false
}
