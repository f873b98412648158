package dist

import "testing"

var ordinary = []string{
	"boto3-1.43.11-py3-none-any.whl",
	"boto3-1.43.11.tar.gz",
	"numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
	"markupsafe-3.0.3-cp314-cp314t-musllinux_1_2_riscv64.whl",
	"cryptography-46.0.3-cp311-abi3-manylinux_2_34_aarch64.whl",
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := Parse(ordinary[i%len(ordinary)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInstallable(b *testing.B) {
	var files []File
	for _, name := range ordinary {
		files = append(files, mustParse(b, name))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		files[i%len(files)].Installable("3.12", "linux/x86_64")
	}
}

func mustParse(tb testing.TB, filename string) File {
	tb.Helper()
	f, err := Parse(filename)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}
