package pep440

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseGivesTheNormalForm(t *testing.T) {
	for in, want := range map[string]string{
		"1":                     "1",
		"1.0":                   "1.0",
		"v1.0":                  "1.0",
		"V01.002.0003":          "1.2.3",
		"0!1.0":                 "1.0",
		"0007!1.0":              "7!1.0",
		"1.0ALPHA":              "1.0a0",
		"1.0-alpha-1":           "1.0a1",
		"1.0_Beta_02":           "1.0b2",
		"1.0c3":                 "1.0rc3",
		"1.0.pre.4":             "1.0rc4",
		"1.0preview5":           "1.0rc5",
		"1.0-6":                 "1.0.post6",
		"1.0r7":                 "1.0.post7",
		"1.0.rev.8":             "1.0.post8",
		"1.0_POST_9":            "1.0.post9",
		"1.0dev":                "1.0.dev0",
		"1.0a1-2.dev3+Ubuntu_4": "1.0a1.post2.dev3+ubuntu.4",
		"1.0+00A.007.x":         "1.0+00a.7.x",
		"1.0+0":                 "1.0+0",
		" \t1.0\n":              "1.0", //nolint:gocritic // white space around a version is allowed
		"\u00a01.0\u2003\x1f":   "1.0",
		"99999999999999999999999999.00000000000000000000000001": "99999999999999999999999999.1",

		// A separator may stand after the letters of a part, with no number.
		"2r-":       "2.post0",
		"1_dev.":    "1.dev0",
		"1.0rc.":    "1.0rc0",
		"1.0a_post": "1.0a0.post0",
		"1.0rc--1":  "1.0rc0.post1",
		"1.0post_-": "",
	} {
		v, err := Parse(in)
		if want == "" {
			if !errors.Is(err, ErrVersion) {
				t.Errorf("Parse(%q) = %q, %v, want ErrVersion", in, v, err)
			}
			continue
		}
		if err != nil || v.String() != want || v.Raw() != in {
			t.Errorf("Parse(%q) = %q of %q, %v, want %q", in, v, v.Raw(), err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "v", "x", "1.", ".1", "1..0", "1.0.", "1.0-", "1!", "!1", "1!2!3", "-1", "+1",
		"1.0+", "1.0+a..b", "1.0+a.", "1.0+_a", "1.0+a+b", "1.0+ü", "1.0 .1", "1.0 a1", "1. 0",
		"1.0a1a2", "1.0.dev1.post1", "1.0.dev1a1", "1.0.post1.post2", "1-1-1", "1.0alph", "1.0-x",
		"2004d", "1.0.*", "latest", "١.٠", "１.０", "1.0\x00", "1.0\xff", "vv1", "v 1", "1.0ſ",
		strings.Repeat("9", maxLength+1),
	} {
		if v, err := Parse(in); !errors.Is(err, ErrVersion) || !v.IsZero() {
			t.Errorf("Parse(%.40q) = %q, %v, want ErrVersion", in, v, err)
		}
	}
}

func TestParts(t *testing.T) {
	v := parse(t, " V2!01.0.30-RC.4_post_05.DEV06+Abc_07.x8 ")
	letter, pre, _ := v.Pre()
	post, _ := v.Post()
	dev, _ := v.Dev()
	got := append(v.Release(), v.Epoch(), v.Major(), letter, pre, post, dev, v.Local(), v.Public(), v.BaseVersion(), v.Canonical())
	want := []string{
		"1", "0", "30", "2", "1", "rc", "4", "5", "6", "abc.7.x8",
		"2!1.0.30rc4.post5.dev6", "2!1.0.30", "2!1.0.30rc4.post5.dev6+abc.7.x8",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !v.IsPrerelease() || !v.IsPostrelease() || v.IsZero() {
		t.Errorf("%q is a pre-release and a post-release", v)
	}
	for in, want := range map[string]string{
		"0": "0", "0.0.0": "0", "1.0": "1", "10.0.0": "10", "1.20.00": "1.20", "1.0.0a0": "1a0", "1!0.0": "1!0", "1.0.0+0": "1+0",
	} {
		if got := parse(t, in).Canonical(); got != want {
			t.Errorf("canonical form of %q is %q, want %q", in, got, want)
		}
	}
}

func TestPartsAbsent(t *testing.T) {
	v := parse(t, "00")
	_, _, isPre := v.Pre()
	_, isPost := v.Post()
	_, isDev := v.Dev()
	if isPre || isPost || isDev || v.IsPrerelease() || v.IsPostrelease() || v.Local() != "" || v.Epoch() != "0" || v.Major() != "0" {
		t.Errorf("%q has no part but its release", v.Raw())
	}
	if v := parse(t, "1.post1.dev1"); !v.IsPrerelease() || !v.IsPostrelease() {
		t.Errorf("%q is a development release of a post-release", v)
	}
}

func TestZeroVersion(t *testing.T) {
	var zero Version
	if !zero.IsZero() || zero.String() != "" || zero.Raw() != "" || zero.Release() != nil || zero.Major() != "" ||
		zero.IsPrerelease() || zero.IsPostrelease() || zero.Canonical() != "" || zero.Local() != "" {
		t.Errorf("the zero Version says something: %+v", zero)
	}
	first := parse(t, "0.dev0")
	if zero.Compare(zero) != 0 || //nolint:gocritic // a version and itself
		zero.Compare(first) != -1 || first.Compare(zero) != 1 {
		t.Error("the zero Version does not come before every other")
	}
	if (Specifiers{}).Contains(zero) != true || parseSpecifiers(t, "!=1").Contains(zero) {
		t.Error("the zero Version must match the empty set alone")
	}
}

// ladder is in ascending order; the versions of one line are equal.
var ladder = [][]string{
	{"0.dev0", "0.0dev"},
	{"0", "00.0", "v0"},
	{"0.0.0.1"},
	{"0.9.dev1"},
	{"0.9.dev10"},
	{"0.9a0.dev3"},
	{"0.9a0", "0.9.alpha", "0.9.0-a-0"},
	{"0.9a0.post1.dev2"},
	{"0.9a0.post1", "0.9a0-1"},
	{"0.9a2"},
	{"0.9a10"},
	{"0.9b1"},
	{"0.9rc1", "0.9c1", "0.9preview1"},
	{"0.9"},
	{"0.9+a"},
	{"0.9+a.a"},
	{"0.9+a.b", "0.9+A-B"},
	{"0.9+a.0", "0.9+a.00"},
	{"0.9+a1"},
	{"0.9+b"},
	{"0.9+0"},
	{"0.9+0.0"},
	{"0.9+2"},
	{"0.9+10"},
	{"0.9.post0.dev5"},
	{"0.9.post0", "0.9post", "0.9.0-r"},
	{"0.9.post0+x"},
	{"0.9.post9"},
	{"0.9.post10"},
	{"0.9.1"},
	{"0.10"},
	{"9"},
	{"9.9223372036854775807"},
	{"9.9223372036854775808"},
	{"9.100000000000000000000000000000"},
	{"10"},
	{"2026.7.22"},
	{"1!0.dev0", "01!0.0.dev0"},
	{"1!0.1"},
	{"2!0"},
	{"10!0"},
}

func TestOrder(t *testing.T) {
	for i, line := range ladder {
		for j, other := range ladder {
			for _, a := range line {
				for _, b := range other {
					v, w := parse(t, a), parse(t, b)
					if got := v.Compare(w); got != sign(i-j) {
						t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, sign(i-j))
					}
					if v.Equal(w) != (v.Canonical() == w.Canonical()) {
						t.Errorf("Equal of %q and %q differs from that of their canonical forms", a, b)
					}
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	v, w := parse(t, "1!2.3a4.post5.dev6+local.7"), parse(t, "1!02.3.0a04.post5.dev6+LOCAL_07")
	set := parseSpecifiers(t, "~=1!2.3a0, !=1!3.*, ==1!2.3a4.post5.dev6+local.7, <1!4, >1!1")
	for what, f := range map[string]func(){
		"Parse":    func() { _, _ = Parse("1!2.3a4.post5.dev6+local.7") },
		"Compare":  func() { v.Compare(w) },
		"Contains": func() { set.Contains(v) },
		"String":   func() { _ = v.String() },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", what, n)
		}
	}
	if !set.Contains(w) || v.Compare(w) != 0 {
		t.Errorf("%q and %q are the same version, and in %q", v, w, set)
	}
}
