package hostile_test

import (
	"fmt"
	"reflect"
	"time"

	"gitlab.com/cki-project/pinwheel/plan"
	"gitlab.com/cki-project/pinwheel/text"
)

// generated are the strings of a plan that no third party writes. Every other
// one is filled with whatever a test chooses.
var generated = map[string]bool{
	"Branch": true, // of a set: plan.BranchName
	"URL":    true, // judged by text.Link, the same on both sides
	"Link":   true, // likewise
	"Page":   true, // likewise
	"Labels": true, "SHA256": true,
	"Inherit": true, // a user's name, which GitLab restricts
}

// filler writes texts into all strings of a value.
type filler struct {
	pick func() string
	word map[string]string // by text: what stands for it on the harmless side
	tame bool
}

func newFiller(pick func() string) *filler { return &filler{pick: pick, word: map[string]string{}} }

// text is the next one, or its stand-in: a different word for every text, and
// nothing where nothing of the text shows.
func (f *filler) text() string {
	s := f.pick()
	if !f.tame || text.Plain(s, 0) == "" {
		return s
	}
	if f.word[s] == "" {
		f.word[s] = fmt.Sprintf("w%d", len(f.word)+1)
	}
	return f.word[s]
}

// fill fills v, with n elements in every slice.
func (f *filler) fill(v reflect.Value, field string, n int) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() && !generated[field] {
			v.SetString(f.text())
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 3, 2, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if sub := v.Field(i); sub.CanSet() {
				f.fill(sub, v.Type().Field(i).Name, n)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), field, n)
	case reflect.Slice:
		if generated[field] || v.Type().Elem().Kind() == reflect.Interface {
			return // actions are not shown
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), field, n)
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	}
}

// plan is one with an update in every state and something in every list.
func (f *filler) plan() plan.Plan {
	var p plan.Plan
	f.fill(reflect.ValueOf(&p).Elem(), "", 2)
	p.Updates = nil
	for i, row := range plan.Table() {
		for k := range 2 {
			u := f.update(row.State)
			u.Branch = fmt.Sprintf("pinwheel/p%d-%d.x", i, k)
			u.MR = int64(i * k)
			p.Updates = append(p.Updates, u)
		}
	}
	for i := range p.Requests {
		p.Requests[i].Verdict = plan.Refused
		if i == 0 {
			p.Requests[i].Title = ""
		}
	}
	for i := range p.Holds {
		p.Holds[i].Branch = plan.HoldBranch("pinwheel/", int64(i+1), fmt.Sprint(i+1))
	}
	p.Inherit = "pinwheel-before"
	p.Problems[1].Line = 0
	return p
}

func (f *filler) update(state plan.State) plan.Update {
	var u plan.Update
	f.fill(reflect.ValueOf(&u).Elem(), "", 3)
	u.State, u.Kind, u.Branch = state, plan.Minor, "pinwheel/p-1.x"
	for i := range u.Moves {
		u.Moves[i].Kind = plan.Patch
	}
	for i := range u.Lines {
		u.Lines[i].Removed = i == 1
	}
	return u
}
