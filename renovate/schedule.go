package renovate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
)

// always is the window that is never shut.
const always = "* * * * *"

// windows turns Renovate's schedule into the specs of a window. A schedule is a cron spec, whose
// minute has to be a star, or a text in words. If no spec of pinwheel's can say the same, the error
// ends with what to write.
func windows(schedule []string) ([]string, error) {
	var out []string
	for _, one := range schedule {
		specs, err := window(one)
		if err != nil {
			return nil, err
		}
		for _, spec := range specs {
			if _, err := plan.ParseWindow([]string{spec}, time.UTC); err != nil {
				return nil, fmt.Errorf("%q is no schedule: write window yourself, such as \"* * * * SAT,SUN\"", one)
			}
			if !slices.Contains(out, spec) {
				out = append(out, spec)
			}
		}
	}
	if len(out) == 0 || slices.Contains(out, always) {
		return []string{always}, nil
	}
	return out, nil
}

var cronLike = regexp.MustCompile(`^[0-9A-Za-z*,/#?\-]+$`)

func window(one string) ([]string, error) {
	fields := strings.Fields(one)
	if len(fields) >= 5 && (fields[0] == "*" || fields[0][0] >= '0' && fields[0][0] <= '9') &&
		!slices.ContainsFunc(fields, func(f string) bool { return !cronLike.MatchString(f) }) {
		return fromCron(one, fields)
	}
	return fromWords(one)
}

// fromCron reads five fields, or six with the seconds before them. Both days
// have to match, in Renovate and here.
func fromCron(one string, f []string) ([]string, error) {
	if len(f) == 6 && f[0] == "*" {
		f = f[1:]
	}
	if len(f) != 5 || f[0] != "*" {
		return nil, fmt.Errorf("%q names minutes, which no schedule of Renovate does: write window yourself", one)
	}
	for i := range f {
		f[i] = strings.ReplaceAll(strings.ToUpper(f[i]), "?", "*")
	}
	day, nth, numbered := strings.Cut(f[4], "#")
	switch n, err := strconv.Atoi(nth); {
	case numbered && (err != nil || n < 1 || n > 5 || f[2] != "*"):
		return nil, fmt.Errorf("%q names a day in a way that a window cannot: write window yourself, such as \"* * 1-7 * SAT\"", one)
	case numbered:
		f[2], f[4] = fmt.Sprintf("%d-%d", 7*n-6, min(7*n, 31)), day
	case strings.Contains(f[2], "L") || regexp.MustCompile(`[0-9]L`).MatchString(f[4]):
		return nil, fmt.Errorf("%q names the last day of a month, which a window cannot: write window yourself, such as \"* * 25-31 * *\"", one)
	}
	return []string{strings.Join(f, " ")}, nil
}

// days and months by the first three letters of their names.
var (
	days   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	months = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
)

// worded is the content of a schedule in words.
type worded struct {
	days, months  []string // of the week; of the year
	day           string   // of the month
	after, before int      // minutes of the day, -1 if it has none
	rest          []string // words that are still to be read
	one           string
}

// fromWords reads a text such as "after 10pm and before 5am every weekday".
func fromWords(one string) ([]string, error) {
	s := strings.ToLower(strings.NewReplacer(",", " ", ".", " ").Replace(one))
	switch strings.Join(strings.Fields(s), " ") {
	case "", "at any time":
		return []string{always}, nil
	case "monthly", "every month":
		s = "before 5am on the first day of the month"
	}
	w := &worded{after: -1, before: -1, one: one, rest: strings.Fields(s)}
	for len(w.rest) > 0 {
		if err := w.read(); err != nil {
			return nil, err
		}
	}
	if w.after < 0 && w.before < 0 && w.days == nil && w.months == nil && w.day == "" {
		return nil, w.unknown()
	}
	specs := w.specs()
	if len(specs) == 0 {
		return nil, fmt.Errorf("%q holds at no minute: write window yourself", one)
	}
	return specs, nil
}

func (w *worded) unknown() error {
	return fmt.Errorf("%q is a schedule in words that pinwheel does not know: write window yourself, such as \"* 0-4 * * MON\"", w.one)
}

// take reads words if they come next.
func (w *worded) take(words ...string) bool {
	if len(w.rest) < len(words) || !slices.Equal(w.rest[:len(words)], words) {
		return false
	}
	w.rest = w.rest[len(words):]
	return true
}

func (w *worded) read() error {
	switch {
	case w.take("and"), w.take("every", "month"), w.take("of", "the", "month"), w.take("of", "the", "week"), w.take("of", "every", "month"):
	case w.take("before"):
		return w.time(&w.before)
	case w.take("after"):
		return w.time(&w.after)
	case w.take("every", "weekend"), w.take("on", "every", "weekend"), w.take("on", "the", "weekend"):
		w.days = append(w.days, "SAT", "SUN")
	case w.take("every", "weekday"), w.take("on", "every", "weekday"), w.take("on", "weekdays"):
		w.days = append(w.days, "MON-FRI")
	case w.take("on", "the"):
		return w.nth()
	case w.take("every"):
		return w.every()
	case w.take("on"), w.take("in"), w.take("of"):
		if !w.name() {
			return w.unknown()
		}
	default:
		if !w.name() {
			return w.unknown()
		}
	}
	return nil
}

// name reads a weekday or a month.
func (w *worded) name() bool {
	if len(w.rest) == 0 || len(w.rest[0]) < 3 {
		return false
	}
	word, short := w.rest[0], strings.ToUpper(w.rest[0][:3])
	if i := slices.Index(days, short); i >= 0 {
		full := strings.ToLower(time.Weekday(i).String())
		if word != full && word != full+"s" && len(word) > 4 {
			return false
		}
		w.days = append(w.days, short)
	} else if i := slices.Index(months, short); i >= 0 {
		if full := strings.ToLower(time.Month(i + 1).String()); word != full && len(word) > 4 {
			return false
		}
		w.months = append(w.months, short)
	} else {
		return false
	}
	w.rest = w.rest[1:]
	return true
}

// nth reads "first day of the month", "15th day of the month" and lists and
// ranges of such days.
func (w *worded) nth() error {
	var nths []string
	for len(w.rest) > 0 && w.rest[0] != "day" && w.rest[0] != "days" {
		switch n := ordinal(w.rest[0]); {
		case n > 0:
			nths = append(nths, strconv.Itoa(n))
		case w.rest[0] == "through" && len(nths) > 0 && len(w.rest) > 1 && ordinal(w.rest[1]) > 0:
			nths[len(nths)-1] += "-" + strconv.Itoa(ordinal(w.rest[1]))
			w.rest = w.rest[1:]
		case w.rest[0] == "and":
		default:
			return w.unknown()
		}
		w.rest = w.rest[1:]
	}
	if len(nths) == 0 || !w.take("day") && !w.take("days") {
		return w.unknown()
	}
	switch {
	case w.take("of", "the", "week"):
		for _, n := range nths {
			i, err := strconv.Atoi(n)
			if err != nil || i > 7 {
				return w.unknown()
			}
			w.days = append(w.days, days[i-1])
		}
	case w.take("of", "the", "year"):
		if !slices.Equal(nths, []string{"1"}) {
			return w.unknown()
		}
		w.day, w.months = "1", append(w.months, "JAN")
	default:
		w.day = strings.Join(nths, ",")
	}
	return nil
}

// ordinal is the number of a word such as first, last (which Renovate reads as first) or 15th; 0
// for any other word.
func ordinal(word string) int {
	if word == "first" || word == "last" {
		return 1
	}
	digits := strings.TrimRight(word, "stndrh")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > 31 {
		return 0
	}
	return n
}

// every reads what follows that word: a day, or a number of months. A number of weeks or days
// counts from a day that only Renovate knows, so it is refused.
func (w *worded) every() error {
	if w.name() {
		return nil
	}
	if len(w.rest) < 2 || w.rest[1] != "months" && w.rest[1] != "month" {
		if len(w.rest) > 1 && strings.HasPrefix(w.rest[1], "week") {
			return fmt.Errorf("%q counts weeks, which a window cannot: write window yourself, such as \"* * 1-7,15-21 * SAT\"", w.one)
		}
		return w.unknown()
	}
	n, err := strconv.Atoi(w.rest[0])
	if err != nil || n < 1 || n > 12 {
		return w.unknown()
	}
	for m := 0; m < 12; m += n {
		w.months = append(w.months, months[m])
	}
	w.rest = w.rest[2:]
	return nil
}

var clock = regexp.MustCompile(`^(\d{1,2})(?::(\d\d))?(am|pm)?$`)

// time reads 5am, 10:30pm or 13:00 into minutes of the day.
func (w *worded) time(to *int) error {
	if len(w.rest) > 1 && (w.rest[1] == "am" || w.rest[1] == "pm") {
		w.rest = append([]string{w.rest[0] + w.rest[1]}, w.rest[2:]...)
	}
	if len(w.rest) == 0 || *to >= 0 {
		return w.unknown()
	}
	m := clock.FindStringSubmatch(w.rest[0])
	if m == nil {
		return w.unknown()
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi(m[2])
	if m[3] != "" {
		if hour < 1 || hour > 12 {
			return w.unknown()
		}
		hour %= 12
	}
	if m[3] == "pm" {
		hour += 12
	}
	if hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return w.unknown()
	}
	*to = 60*hour + minute
	w.rest = w.rest[1:]
	return nil
}

// specs are cron specs for the same minutes.
func (w *worded) specs() []string {
	tail := " " + cmp.Or(w.day, "*") + " " + cmp.Or(strings.Join(w.months, ","), "*") + " " + cmp.Or(strings.Join(w.days, ","), "*")
	from, to := max(w.after, 0), 24*60
	if w.before >= 0 {
		to = w.before
	}
	parts := minutes(from, to)
	if from > to { // such as after 22:00 and before 5:00
		parts = append(minutes(from, 24*60), minutes(0, to)...)
	}
	for i := range parts {
		parts[i] += tail
	}
	return parts
}

// minutes are the minute and hour fields of the time from one minute of the day up to another,
// without that one.
func minutes(from, to int) []string {
	if from == 0 && to == 24*60 {
		return []string{"* *"}
	}
	var out []string
	first, last := from/60, to/60
	switch {
	case from >= to:
		return nil
	case first == last:
		return []string{fmt.Sprintf("%d-%d %d", from%60, (to-1)%60, first)}
	}
	if from%60 != 0 {
		out = append(out, fmt.Sprintf("%d-59 %d", from%60, first))
		first++
	}
	switch {
	case first == last-1:
		out = append(out, fmt.Sprintf("* %d", first))
	case first < last:
		out = append(out, fmt.Sprintf("* %d-%d", first, last-1))
	}
	if to%60 != 0 {
		out = append(out, fmt.Sprintf("0-%d %d", to%60-1, last))
	}
	return out
}
