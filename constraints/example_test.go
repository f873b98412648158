package constraints_test

import (
	"fmt"

	"gitlab.com/cki-project/pinwheel/constraints"
)

func ExampleFile_Apply() {
	f, err := constraints.Parse("constraints.txt", []byte("Jinja2 == 3.1.3  # held until May\nidna==3.6\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := f.Apply([]constraints.Edit{{Pin: f.Slots("jinja2")[0], Version: "3.1.6"}})
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// Jinja2 == 3.1.6  # held until May
	// idna==3.6
	// <nil>
}

func ExampleFile_Rewrite() {
	f, err := constraints.Parse("constraints.txt", []byte("boto3 == 1.34.39\nsix == 1.16.0  # for boto3\nurllib3 == 2.0.7\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := f.Rewrite(constraints.Change{
		Edits:  []constraints.Edit{{Pin: f.Slots("boto3")[0], Version: "1.43.11"}},
		Remove: f.Slots("six"),
		Add:    []constraints.NewPin{{Name: "s3transfer", Version: "0.17.0"}},
	})
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// boto3 == 1.43.11
	// s3transfer == 0.17.0
	// urllib3 == 2.0.7
	// <nil>
}

func ExampleParse() {
	_, err := constraints.Parse("constraints.txt", []byte("idna==3.6\nrequests[socks]==2.32.3\n"))
	fmt.Println(err)
	// Output:
	// constraints.txt:2: a constraint cannot have extras; write "requests==2.32.3"
}

func ExampleDerive() {
	f, err := constraints.Parse("constraints.txt", []byte("anyio==4.2.0\nidna==3.6\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	d := constraints.Derivation{
		Path: "pipeline/constraints.yml", Format: constraints.FormatBlock,
		Key: []string{"variables", "PYTHON_CONSTRAINTS"},
	}
	out, err := constraints.Derive(f, nil, d)
	fmt.Printf("%s%v\n", out, err)
	_, err = constraints.Derive(f, []byte("variables:\n  python_constraints: idna==3.4\n"), d)
	fmt.Println(err)
	// Output:
	// ---
	// # Generated from constraints.txt by pinwheel. Do not edit.
	// variables:
	//   PYTHON_CONSTRAINTS: |
	//     anyio==4.2.0
	//     idna==3.6
	// <nil>
	// pipeline/constraints.yml has no key variables.PYTHON_CONSTRAINTS; variables.python_constraints (line 2) holds the pins, so write derived: {path: pipeline/constraints.yml, format: block, key: [variables, python_constraints]}
}
