package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cronField is one of the five fields of a cron spec. Names count from least.
type cronField struct {
	name        string
	least, most int
	names       []string
}

var cronFields = [5]cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"weekday", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// cronFault says what is wrong with the five fields of a cron spec that the parser
// refuses, and what to write: the first fault that it finds, "" if it finds none.
func cronFault(fields []string) string {
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if fault := f.fault(part); fault != "" {
				return fault
			}
		}
	}
	return ""
}

// allowed is what may stand in the field.
func (f cronField) allowed() string {
	numbers := fmt.Sprintf("%d to %d", f.least, f.most)
	if f.names == nil {
		return numbers
	}
	return fmt.Sprintf("%s to %s or %s", f.names[0], f.names[len(f.names)-1], numbers)
}

// fault judges a value, a range of them, or all, with or without a step.
func (f cronField) fault(part string) string {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return fmt.Sprintf("the step %.40q of the %s is not a number from 1: write one such as %.40s/2", step, f.name, span)
	}
	if span == "*" || span == "?" {
		return ""
	}
	from, to, ranged := strings.Cut(span, "-")
	first, fault := f.value(from)
	if fault != "" || !ranged {
		return fault
	}
	last, fault := f.value(to)
	if fault == "" && first > last {
		return fmt.Sprintf("%s %s ends before it begins: write two ranges with a comma between", f.name, span)
	}
	return fault
}

// value reads a number or a name.
func (f cronField) value(text string) (n int, fault string) {
	if i := slices.Index(f.names, strings.ToUpper(text)); i >= 0 {
		return f.least + i, ""
	}
	n, err := strconv.Atoi(text)
	switch {
	case text == "":
		return 0, fmt.Sprintf("the %s lacks a value: write %s", f.name, f.allowed())
	case err != nil && strings.Trim(text, "0123456789") != "":
		return 0, fmt.Sprintf("%s %.40q is not known: write %s", f.name, text, f.allowed())
	case err != nil || n > f.most:
		return 0, fmt.Sprintf("%s %.40s is too large: write %s", f.name, text, f.allowed())
	case n < f.least:
		return 0, fmt.Sprintf("%s %.40s is too small: write %s", f.name, text, f.allowed())
	}
	return n, ""
}
