package decide

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/cki-project/pinwheel/plan"
)

// This file keeps out of the way of another bot that is at work beside pinwheel, and from which
// nothing is taken over.

// offeredBy is the first open merge request of another bot's that moves one of the packages; nil
// if none does.
func offeredBy(s *plan.Snapshot, keys ...string) *plan.OtherRequest {
	for i := range s.Others {
		if o := &s.Others[i]; slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(o.Keys, key) }) {
			return o
		}
	}
	return nil
}

// holdOffered holds an update back while another bot's merge request moves one of its members, so
// that nothing is offered twice. What is open stays open, and takes no such member along.
func (dr *draft) holdOffered(s *plan.Snapshot) {
	switch dr.State {
	case plan.PendingApproval, plan.AwaitingSchedule, plan.Maturing, plan.RateLimited, plan.Open:
	default:
		return
	}
	if dr.mr != nil && dr.do != DoMove {
		return
	}
	for _, m := range dr.Moves {
		o := offeredBy(s, m.Key)
		if o == nil || dr.mr != nil && slices.ContainsFunc(dr.trailer.Moves, func(has plan.Move) bool { return has.Key == m.Key }) {
			continue
		}
		reason := plan.OtherBotMoves{By: o.By, On: o.IID, Package: m.Name, Waits: dr.mr == nil}
		if dr.mr == nil {
			dr.stand(plan.Incompatible, reason)
		} else {
			dr.do = DoLeave
			dr.also(reason)
		}
		return
	}
}

// atWorkBeside is the problem that another bot moves pins of ours; nil if none does. It names the
// lines that switch that bot off for the file.
func atWorkBeside(s *plan.Snapshot) []plan.Problem {
	var who, where, pins []string
	for _, o := range s.Others {
		who = append(who, "`"+o.By+"`")
		where = append(where, fmt.Sprint(o.IID))
		pins = append(pins, o.Keys...)
	}
	if len(where) == 0 {
		return nil
	}
	var files []string
	for _, f := range s.Policy.Files {
		files = append(files, fmt.Sprintf("%q", f.Path))
	}
	slices.Sort(who)
	who = slices.Compact(who)
	slices.Sort(pins)
	pins = slices.Compact(pins)
	does := " moves "
	if len(who) > 1 {
		does = " move "
	}
	in := " in merge request "
	if len(where) > 1 {
		in = " in merge requests "
	}
	return []plan.Problem{{Lasting: true,
		Text: "another bot is at work on these pins, too: " + some(who) + does + some(pins) + in + some(where) + ", so pinwheel opens nothing for these",
		Next: fmt.Sprintf("switch it off for the file: make `{\"matchFileNames\": [%s], \"enabled\": false}` the last of its `packageRules`, or write `\"pip_requirements\": {\"enabled\": false}` if it reads no other file of pip's; or let pinwheel go on with its merge requests: `adopt: {authors: [%s]}`",
			strings.Join(files, ", "), strings.ReplaceAll(strings.Join(who, ", "), "`", "")),
	}}
}
