package hostile

import "strings"

// Texts returns the corpus: every text that is put through every field. The
// order is fixed and each is there once.
func Texts() []string {
	var out []string
	seen := map[string]bool{}
	for _, g := range groups() {
		for _, s := range g {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// groups are the texts by what they try.
func groups() [][]string {
	return [][]string{
		{ // quick actions
			"/close", "/merge", "/approve", "/label ~bug", "/assign @root", "/confidential", "/title pwned", "/target_branch evil", "/unlabel", "/reopen",
			"/draft", "a\n/close\nb", "a\r\n/merge\r\n", "a\r/close", "a\u2028/close", "a\u2029/close", "a\u0085/close", "a\x0b/close\x0c/merge",
			"\n\n/approve", "\ufeff/close", "\u200b/close", "`\n/close\n`", ">>>\n/close\n>>>", "```\n```\n/close", "<div>\n</div>\n/close", "/CLOSE",
			"/spend 1h", "/copy_metadata #1", "/relate #1", "/zoom https://evil.example/j/1",
		},
		{ // mentions
			"@all", "@root", "@alice @bob", "ping @group/sub", "`@all", "``@all`", "@all`", "\\@all", "\\\\@all", "&#64;all", "&commat;all", "&#x40;all",
			"a@b.example", "@\u200ball", "<@all>", "[@all](x)", "*@all*", "|@all|", "(@all)", "\"@all\"", "-@all", "@аll", "@_x", "@1",
			"mail alice@gitlab.example now",
		},
		{ // references
			"#1", "!1", "&1", "%1", "$1", "~bug", "~\"two words\"", "%\"v 1\"", "GL-1", "see GL-12.", "group/project#1", "group/project!1", "cki/pipe#1",
			"cki/pipe&1", "cki/pipe@deadbee1", "cki/pipe%1", "#1+", "#1+s", "!1+", "[issue:1]", "[issue:cki/pipe/1]", "[vulnerability:1]", "[feature_flag:a]",
			"[epic:g/1]", "[work_item:1]", "[contact:a@b.example]", "*iteration:1", "^alert#1", "https://gitlab.example/cki/pipe/-/issues/1",
			"https://gitlab.example/cki/pipe/-/merge_requests/1", "https://gitlab.example/cki/pipe/-/work_items/1#note_1",
			"http://gitlab.example/cki/pipe/-/issues/1", "//gitlab.example/cki/pipe/-/issues/1", "deadbeef0badf00d", "1a2b3c4d5e6f",
			"0123456789abcdef0123456789abcdef01234567", "\\#1", "&#35;1", "&num;1", "1!2.0", "v1!1", "#١",
		},
		{ // closing
			"Fixes #1", "fixes: #1", "Closes #1, #2 and #3", "closing #1", "Resolves cki/pipe#1", "resolved https://gitlab.example/cki/pipe/-/issues/1",
			"Implements #1", "implementing: #1", "Fixes\n#1", "Fixes\t#1", "fix  #1", "`Fixes #1`", "```\nFixes #1\n```", "closes issue #1",
			"closes issues #1 and #2", "Closes ABC-1", "fixed GL-1", "CLOSES #1", "close&nbsp;#1", "fixes &#35;1", "Closes group/sub.group/p-q#12",
			"(fixes #1)", "x.fixes #1", "fixes [#1](x)",
		},
		{ // html
			"<b>x</b>", "<img src=x onerror=alert(1)>", "<img src=\"https://evil.example/p.png\">", "<script>alert(1)</script>",
			"<a href=\"https://evil.example\">x</a>", "<a href='javascript:alert(1)'>x</a>", "</details>", "</details></details><h1>x", "</summary>",
			"<details open><summary>x</summary>", "<details>", "</summary></details>/close", "<table><tr><td>", "</td></tr></table>", "</code>", "</li></ul>",
			"<!--", "-->", "<!-- x -->", "--><b>x", "<!-->", "<!--->", "--!>", "<![CDATA[x]]>", "<?php x ?>", "<!DOCTYPE x>", "<https://evil.example>",
			"<a@b.example>", "<`@-->", "<x", "<x y=\"", "&lt;b&gt;", "&#60;b&#62;", "<style>*{display:none}</style>", "<div\n>", "<iframe src=x>", "<math><mi>x",
		},
		{ // links and images
			"![x](https://evil.example/p.png)", "![x][y]", "[x](javascript:alert(1))", "[x](data:text/html,x)", "[x](https://evil.example \"t\")", "[x][y]",
			"[x]: https://evil.example", "[y]: javascript:alert(1)", "](https://evil.example)", "[", "]", "][", "](!1)", "[x](!1)", "x](#1)",
			"https://evil.example/", "www.evil.example", "ftp://evil.example/x", "mailto:a@b.example", "xmpp:a@b.example", "HTTPS://EVIL.EXAMPLE",
			"[[_TOC_]]", "[TOC]", "[^1]", "[^1]: x", "![x]", "[[wiki]]", "https://user:secret@evil.example/",
		},
		{ // blocks
			"# heading", "## Open", "- item", "* item", "+ item", "1. item", "1) item", "> quote", ">>>", "---", "***", "===", "___", "```", "~~~",
			"```mermaid\ngraph TD; A-->B\n```", "```plantuml\nx\n```", "```math\nx\n```", "```suggestion\nx\n```", "~~~\n@all\n~~~", "    code", "\tcode",
			"$$\nx\n$$", "$x$", "$`x`$", "$`x$`", "::include{file=x}", ":::", "---\nx: y\n---", ": definition", "a\n: b", "\\", "\\\\", "x\\", "\\`", "**x**",
			"_x_", "__x__", "~~x~~", "==x==", "{+ x +}", "[- x -]", "[+ x +]", "*", "**", "***x***",
		},
		{ // tables
			"|", "a|b", "a\\|b", "a\\\\|b", "a\\\\\\|b", "| x | y |", "|---|---|", "x |\n| y", "`a|b`", "||", "|@all|#1|", "a\n|b|c|", "\\|", "|\\",
		},
		{ // backticks
			"`", "``", "```", "````````", "` `", "`a", "a`", "`a`", "``a`b``", "`a``b`", "`` ` ``", "a ` b ` c ` d", "```a", "`\\`", "\\`@all\\`",
			"`a\\`@all`", "`<!-- x -->`", "`[x](y)",
		},
		{ // emoji
			":tada:", ":+1:", ":skull:", "a :b: c", "::x::", ":x:y:", ":100:", "10:30:00",
		},
		{ // markers
			"<!-- approve-branch=pinwheel/evil-1.x -->", "- [x] <!-- approve-branch=pinwheel/evil-1.x -->evil", "- [ ] <!-- rebase-check -->",
			"<!-- rebase-check -->", "- [x] <!-- rebase-all-open-prs -->", "<!-- pinwheel:dashboard v=1 project=1 -->",
			"<!-- pinwheel:mr v=1 project=1 branch=x -->", "<!-- pinwheel:mr end -->", "<!-- pinwheel:mr closed=us op=1 -->", "<!-- op:paused -->",
			"<!-- renovate-debug:e30= -->", "<!-- manual job -->", "approve-branch=pinwheel/evil-1.x", "[x] a", "[ ] a", "- [x] a", "* [X] a", "1. [x] a",
			"- [~] a", "\n - [x] <!-- create-all-awaiting-schedule-prs -->x", "marked the checklist item **x** as completed",
			"Pinwheel-Base: 0000000000000000000000000000000000000000", "Pinwheel-Digest: x\nPinwheel-Base: y", "[skip ci]", "[ci skip]",
			"Co-authored-by: x <x@evil.example>",
		},
		{ // characters
			"\u202eevil", "\u2066x\u2069", "\u200ex\u200f", "\u061cx", "a\u200bb", "a\u200db", "a\u2060b", "a\ufeffb", "a\u00adb", "\u115fx", "\u3164",
			"\ufe0f", "\U000e0041\U000e0042", "a\x00b", "\x00", "\x01\x02", "\x1b[31mred\x1b[0m", "\x7f", "\u0085", "\u009b31m", "\ufffe", "\uffff", "\ue000",
			"\t", "\r\n", " ", "", "\u00a0", "\u2003x\u3000", "שלום עולם", "مرحبا بالعالم", "🇨🇿 🐍", "e\u0301\u0301\u0301\u0301\u0301", "ｆｉｘｅｓ ＃１", "＠all",
			"／close", "fi\u200bxes #1", "fıxes #1", "Fıxes #1", "\u1dedx",
		},
		{ // not UTF-8
			"\xff", "a\xffb", "\xc3\x28", "\xed\xa0\x80", "\xf0\x9f", "\xc0\xafclose", "\xe2\x80", "@\xffall", "#\xc0\xb1",
		},
		{ // long
			strings.Repeat("a", 5000), strings.Repeat("@all ", 2000), strings.Repeat("`", 3000), strings.Repeat("[", 3000), strings.Repeat("<", 3000),
			strings.Repeat("Fixes #1 ", 1000), strings.Repeat("|", 3000), strings.Repeat("\\", 3001), strings.Repeat("x\n/close\n", 500), strings.Repeat("\u202e", 1000),
			strings.Repeat("x", 199) + "`@all", strings.Repeat("x", 118) + "`@all", strings.Repeat("x", 254) + "@all", strings.Repeat("x ", 499) + "Fixes #1",
		},
	}
}
