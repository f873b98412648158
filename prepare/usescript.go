package prepare

import (
	"fmt"
	"strings"
)

// ScriptName is the script with which a job starts to use the set.
const ScriptName = "use.sh"

// UseScript is a POSIX script for jobs without pinwheel: `. software/use.sh` checks the tarball's
// digest, the interpreter and the path, unpacks, and exports PATH and the folders of the data
// projects. If the same set is unpacked already, it only exports. It fails as any command
// does, so that the job's shell ends if it is set to do so.
func UseScript(r Record, dir string) string {
	var data strings.Builder
	for _, name := range r.Data {
		fmt.Fprintf(&data, "\t%s=\"$pinwheel_root/data/%s\"\n\texport %s\n", DataVariable(name), name, DataVariable(name))
	}
	return strings.NewReplacer(
		"@dir@", shellQuoted(dir), "@tarball@", shellQuoted(r.Tarball.Name), "@sha256@", r.Tarball.SHA256, "@root@", shellQuoted(r.Root),
		"@version@", shellQuoted(r.Interpreter.Version), "@abi@", shellQuoted(r.Interpreter.ABI), "@python@", shellQuoted(r.Interpreter.Executable),
		"@image@", shellQuoted(r.Image.Name), "@unpack@", unpackWith(r.Tarball.compression()), "@need@", needFor(r.Tarball.compression()), "@data@", data.String(),
	).Replace(useScript)
}

// Exports are lines of a shell that make it use an unpacked set.
func Exports(root string, data []string) []string {
	out := []string{"PATH=" + shellQuoted(root+"/venv/bin") + ":$PATH", "VIRTUAL_ENV=" + shellQuoted(root+"/venv"), "export PATH VIRTUAL_ENV"}
	for _, name := range data {
		out = append(out, fmt.Sprintf("export %s=%s", DataVariable(name), shellQuoted(root+"/data/"+name)))
	}
	return out
}

// unpackWith is the command that unpacks a tarball.
func unpackWith(c Compression) string {
	if c == Zstd {
		return `zstd -dcq "$pinwheel_tarball" | tar -xf - -C "$pinwheel_new"`
	}
	return `tar -xzf "$pinwheel_tarball" -C "$pinwheel_new"`
}

// needFor checks for the program that not every image has.
func needFor(c Compression) string {
	if c != Zstd {
		return ""
	}
	return `		if ! command -v zstd >/dev/null 2>&1; then
			echo "use.sh: there is no zstd in this image: add it, or set software.compression to gzip" >&2
			return 1
		fi
`
}

func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

const useScript = `#!/bin/sh
# Takes the prepared software into use, from a job's script: . software/use.sh
# Another folder of the tarball is named by PINWHEEL_SOFTWARE_DIR.
# Puts the new set in the place of another one, unless another job did so meanwhile. If both do it
# in one instant, one folder lies in the other.
pinwheel_swap() {
	pinwheel_there=$(cat "$pinwheel_root/.sha256" 2>/dev/null) || pinwheel_there=
	if [ "$pinwheel_there" != @sha256@ ]; then
		if [ -e "$pinwheel_root" ]; then
			mv "$pinwheel_root" "$pinwheel_new.old" || return 1
		fi
		mv "$pinwheel_new" "$pinwheel_root" || return 1
	fi
	rm -rf "$pinwheel_new" "$pinwheel_new.old" "$pinwheel_root/${pinwheel_new##*/}"
}
pinwheel_use() {
	pinwheel_root=@root@
	pinwheel_new=$pinwheel_root.new.$$
	pinwheel_python=@python@
	pinwheel_dir=@dir@
	pinwheel_abi=@abi@
	pinwheel_tarball="${PINWHEEL_SOFTWARE_DIR:-$pinwheel_dir}"/@tarball@
	pinwheel_sum=
	pinwheel_there=$(cat "$pinwheel_root/.sha256" 2>/dev/null) || pinwheel_there=
	if [ "$pinwheel_there" != @sha256@ ]; then
		if [ ! -f "$pinwheel_tarball" ]; then
			echo "use.sh: there is no $pinwheel_tarball: let this job need the one that built the software of" @image@ >&2
			return 1
		fi
		if command -v sha256sum >/dev/null 2>&1; then
			pinwheel_sum=$(sha256sum <"$pinwheel_tarball")
		elif command -v openssl >/dev/null 2>&1; then
			pinwheel_sum=$(openssl dgst -sha256 -r <"$pinwheel_tarball")
		else
			echo "use.sh: there is neither sha256sum nor openssl in this image: add coreutils" >&2
			return 1
		fi
		if [ "${pinwheel_sum%% *}" != @sha256@ ]; then
			echo "use.sh: $pinwheel_tarball is not what was built: it is damaged or cut short" >&2
			return 1
		fi
	fi
	pinwheel_sum=$("$pinwheel_python" -I -c 'import platform, sysconfig; print(platform.python_version(), sysconfig.get_config_var("SOABI") or "")' 2>/dev/null) || pinwheel_sum=
	if [ "$pinwheel_sum" != @version@" $pinwheel_abi" ]; then
		echo "use.sh: the software is for Python" @version@ "($pinwheel_abi) at $pinwheel_python, and this image has ${pinwheel_sum:-none there}: build it in this image" >&2
		return 1
	fi
	if [ "$pinwheel_there" != @sha256@ ]; then
@need@		if [ -e "$pinwheel_root" ] && [ ! -f "$pinwheel_root/manifest.json" ] && { [ ! -d "$pinwheel_root" ] || [ -n "$(ls -A "$pinwheel_root")" ]; }; then
			echo "use.sh: $pinwheel_root is there and is not pinwheel's" >&2
			return 1
		fi
		rm -rf "$pinwheel_new" &&
			mkdir -p "$pinwheel_new" &&
			@unpack@ &&
			echo @sha256@ >"$pinwheel_new/.sha256" &&
			pinwheel_swap || {
			rm -rf "$pinwheel_new"
			echo "use.sh: $pinwheel_tarball could not be unpacked to $pinwheel_root" >&2
			return 1
		}
	fi
	PATH="$pinwheel_root/venv/bin:$PATH"
	VIRTUAL_ENV="$pinwheel_root/venv"
	export PATH VIRTUAL_ENV
@data@}
pinwheel_use
`
