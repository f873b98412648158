package renovate

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gitlab.com/cki-project/pinwheel/text"
)

// This file reads values of one type. Renovate accepts a text as a list of one in many places, and
// so does this file.

// wrong says that a value has another type.
func (r *reader) wrong(v value, at place, want string) {
	r.say(at, Refused, "it is %s and has to be %s: correct it", v.kind, want)
}

func (r *reader) yesNo(v value, at place) (yes, ok bool) {
	if v.kind != aBoolean {
		r.wrong(v, at, "true or false")
		return false, false
	}
	return v.yes, true
}

func (r *reader) str(v value, at place) (string, bool) {
	if v.kind != aText {
		r.wrong(v, at, "a text")
		return "", false
	}
	return strings.TrimSpace(v.text), true
}

// texts is a list of texts, or a text as a list of one. null is none.
func (r *reader) texts(v value, at place) ([]string, bool) {
	out := loose(v)
	if v.kind != isNothing && v.kind != aText && (v.kind != aList || len(out) != len(v.list)) {
		r.wrong(v, at, "a list of texts")
		return nil, false
	}
	return out, true
}

// loose is the texts in a value.
func loose(v value) []string {
	if v.kind == aText {
		return []string{v.text}
	}
	var out []string
	for _, one := range v.list {
		if one.kind == aText {
			out = append(out, one.text)
		}
	}
	return out
}

// whole is a whole number between -1000 and 1000000.
func (r *reader) whole(v value, at place) (int, bool) {
	if v.kind != aNumber || v.number != math.Trunc(v.number) || v.number < -1000 || v.number > 1e6 {
		r.wrong(v, at, "a whole number, up to a million")
		return 0, false
	}
	return int(v.number), true
}

// count is a whole number from 0 on; null is 0.
func (r *reader) count(v value, at place) (int, bool) {
	if v.kind == isNothing {
		return 0, true
	}
	n, ok := r.whole(v, at)
	if ok && n < 0 {
		r.say(at, Refused, "it is below 0: correct it")
	}
	return n, ok && n >= 0
}

var (
	ageText = regexp.MustCompile(`^(\d{1,5})\s*(h|hours?|d|days?|w|weeks?|months?|y|years?)$`)
	hoursOf = map[byte]int{'h': 1, 'd': 24, 'w': 7 * 24, 'm': 30 * 24, 'y': 365 * 24}
)

// age turns "3 days" into 3d. null and "0" are no age.
func (r *reader) age(v value, at place) (string, bool) {
	s := strings.ToLower(strings.TrimSpace(v.text))
	m := ageText.FindStringSubmatch(s)
	switch {
	case v.kind == isNothing, v.kind == aText && (s == "" || s == "0"):
		return "0", true
	case v.kind != aText || m == nil:
		r.say(at, Refused, "%q is no age that pinwheel reads: write minimum_release_age yourself, such as 3d", text.Plain(s, 60))
		return "", false
	}
	n, _ := strconv.Atoi(m[1])
	hours := n * hoursOf[m[2][0]]
	switch {
	case hours == 0:
		return "0", true
	case hours > 9999*24:
		r.say(at, Refused, "%q is more than pinwheel takes: write minimum_release_age yourself", s)
		return "", false
	case hours%24 == 0 || hours > 9999:
		return fmt.Sprintf("%dd", (hours+23)/24), true
	}
	return fmt.Sprintf("%dh", hours), true
}

// specs are the specs of a window that is open when a schedule is.
func (r *reader) specs(v value, at place) ([]string, bool) {
	list, ok := r.texts(v, at)
	if !ok {
		return nil, false
	}
	specs, err := windows(list)
	if err != nil {
		r.say(at, Refused, "%v", err)
	}
	return specs, err == nil
}

// users are the names of users, without the @ before them.
func (r *reader) users(v value, at place) ([]string, bool) {
	list, ok := r.texts(v, at)
	for i, one := range list {
		list[i] = strings.TrimPrefix(strings.TrimSpace(one), "@")
	}
	return list, ok
}

// tags are labels that are one label each for GitLab.
func (r *reader) tags(v value, at place) ([]string, bool) {
	list, ok := r.texts(v, at)
	var out []string
	for _, one := range list {
		if strings.Contains(one, "{{") {
			r.say(at, Refused, "a template in a label (%s): write the label out", text.Plain(one, 60))
			return nil, false
		}
		for part := range strings.SplitSeq(one, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out, ok
}
