package plan

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of docs/reasons.md")

// everyReason holds one of each kind, without arguments.
func everyReason() []Reason {
	return []Reason{
		NoFiles{}, PreRelease{}, DevSnapshot{}, LocalVersion{}, OtherBuild{}, TurnedOff{}, IgnoredByRule{},
		NotAllowed{}, NotAskedFor{}, Yanked{}, RequiresPython{}, NoFileFor{}, NoHash{}, NoUploadTime{}, TooYoung{}, BadMetadata{},
		CannotBeHad{}, WaitsForMember{}, NewerTaken{}, NotTaken{}, ApartFromGroup{}, ApartFromUpdate{}, NotRead{},
		Unreadable{}, RootUnreadable{}, TooManySteps{}, RefusedMetadata{}, VersionWithheld{},
		RequirementsUnknown{}, Blocked{}, LinesDoNotFit{}, NothingFits{}, RuledOut{}, IndexSilent{},
		StaysAsShown{}, NoBranches{}, SharedWithPerson{}, OtherBotMoves{}, OpensNow{}, OpensAt{}, NeverOpens{}, WaitsForWindow{},
		Waits{}, InLine{}, Joins{}, NeedsApproval{}, Matures{}, ForcedYoung{}, AwaitsIndex{}, EffectFailed{},
		FilesFail{}, OfferedSince{}, PipelineEnded{}, CheckingConflict{}, StopUpdating{}, FailsLong{}, Clashes{},
		Gone{}, GoneFromIndex{}, GoneYanked{}, VersionReady{}, ClosesWhenOpen{}, ClosesWhenApart{}, NotOffered{},
		NothingChanges{}, OtherTarget{}, ForeignBranch{}, BranchGone{}, LeftAlone{}, PushedTo{}, WasClosed{}, WasTakenBack{},
		OnPurpose{}, OtherLine{}, NoPython{}, NotUnderstood{},
		MergeNotOf{}, MergeFrozen{}, MergeOpens{}, MergeAges{}, MergeUnread{}, MergeMayNot{}, MergeOpenedBy{}, MergeMethodDiffers{}, MergeInexact{}, MergeUntested{}, MergeUngated{}, MergeStatus{}, MergeBehind{}, MergeTurn{}, MergeUnclear{}, MergeUnderWay{}, MergesNow{},
		NoIndex{}, IndexUnread{}, UnreadNow{}, NoPage{}, NotOnIndex{}, Quarantined{}, Archived{}, PinNotOnIndex{}, NoLonger{}, PinTakenBack{}, PinTurnedOff{},
		PassedOver{}, ReleasesPassed{}, DerivedAgrees{}, OpenedByMistake{}, AlreadyPinned{}, NoLongerPinned{}, Superseded{}, GroupApart{}, RuleIdle{}, PythonUnreleased{}, DerivedAbsent{},
		NoSuchUpdate{}, ApprovalFirst{}, PushedMeanwhile{}, ClosedMeanwhile{}, NotOpen{}, TickRuledOut{}, TickNoBranches{}, TickHeld{}, NothingLeft{}, ForeignBox{},
		DoubtfulTick{}, NobodyNamed{}, RoleTooLow{}, GroupWithCommits{}, NoMergeRequest{}, NoBranch{}, NothingToRevert{}, NothingInstead{}, YoungInstead{},
		TakenApart{}, PartDoesNotRun{}, CannotBeTakenApart{}, NobodyToBlame{}, BreaksTests{}, WaitsForBatch{}, BatchUnread{}, AllBreakTests{}, WaitsForCulprit{},
		GateStarts{}, GatePaused{}, GateInLine{}, GateFails{}, GateUnshown{}, GateForbidden{}, GateEnded{}, GateAwaited{}, GateRuns{}, GateCompares{}, GatePasses{}, GateIsFlaky{},
		GateFailsEverywhere{}, GateIsRegressed{}, GateTakesTooLong{},
		HeldByPerson{}, AskedToClose{}, AnswerUnclear{}, AnswerToPeople{}, AnswerNotOf{}, AnswerNamesNone{}, AnswerTooLate{}, NothingHeld{},
	}
}

// samples are arguments as they may be, by the name of their field.
var samples = map[string]any{
	"Label": "cpu", "Rule": "pinwheel.yaml:12", "Rules": []string{"pinwheel.yaml:12"}, "Says": "it breaks", "Allowed": "<2", "Asks": "<2", "Specifier": ">=3.10", "Python": "3.9",
	"Platform": "x86_64", "Index": "the index", "File": "boto3-1.35.0.tar.gz", "Package": "boto3", "Version": "1.35.0", "Group": "aws", "Packages": []string{"boto3"},
	"Root": "requirements.txt", "Branch": "pinwheel/boto3-1.x", "By": "alice", "Head": "0123abcd", "Target": "old", "DefaultBranch": "main", "ConflictsIn": "main",
	"Needs": "developer", "Has": "reporter", "Place": 3, "Line": 7, "Waits": true, "OrLater": false, "Forced": true, "More": false, "Result": Failed, "When": ReadyAt,
	"Step": Major, "Wanted": MethodFF, "Is": MethodMerge, "Status": "not_approved", "After": int64(12),
	"Gate": "integration", "Most": 10, "In": "run", "Again": []string{"unit"}, "Compared": true,
	"Jobs": []FailedJob{{"test", Passed}}, "For": Limit{LimitOpen, 10}, "Pipelines": 4, "Running": 2, "Probe": int64(7), "Batch": int64(3), "FailedIn": []string{"test"}, "Beside": []string{"six"}, "Good": []string{"six"}, "Releases": []ReleaseOf{{"click", "8.2.0"}}, "Tested": []PartTest{{MR: 8, Packages: []string{"boto3"}}}, "Neither": []string{"lxml"}, "Refuses": Refusal{RefusedVersion, "1.35.0"},
	"On": int64(12), "Versions": ">=5", "What": "Dockerfile", "Why": "files", "Marked": "archived", "Files": []string(nil), "Everywhere": false, "Path": "pipeline/constraints.yml", "Newest": "1.34.0", "Pins": []string{"boto3 1.35.0"},
}

var sampled = time.Date(2026, 1, 3, 8, 30, 0, 0, time.UTC)

// sample gives a reason arguments.
func sample(r Reason) Reason {
	blocks := Requires{From: "botocore", Version: "1.34.39", Requirement: "urllib3<2.1", To: "urllib3", Pinned: "2.2.1"}
	v := reflect.New(reflect.TypeOf(r)).Elem()
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		switch f.Interface().(type) {
		case time.Time:
			f.Set(reflect.ValueOf(sampled))
		case Requires:
			f.Set(reflect.ValueOf(blocks))
		case []Requires:
			f.Set(reflect.ValueOf([]Requires{blocks, {From: "boto3", Version: "1.34.39", Requirement: "botocore<1.35", To: "botocore", GoesTo: "1.35.0"}}))
		case []JudgedJob:
			f.Set(reflect.ValueOf([]JudgedJob{{Name: "unit", Result: Failed, Main: Passed, Attempts: 2, Failures: 2}}))
		case *Stuck:
			f.Set(reflect.ValueOf(&Stuck{Package: "botocore", How: StuckMends}))
		case Inner[ReleaseReason]:
			f.Set(reflect.ValueOf(Inner[ReleaseReason]{TurnedOff{"pinwheel.yaml:12"}}))
		case Inner[Reason]:
			inner := Inner[Reason]{NothingFits{}}
			if name == "How" {
				inner.R = Yanked{"it breaks"}
			}
			f.Set(reflect.ValueOf(inner))
		case []Inner[Reason]:
			f.Set(reflect.ValueOf([]Inner[Reason]{{NothingFits{}}}))
		case []PassedRun:
			f.Set(reflect.ValueOf([]PassedRun{{"1.36.0", "1.35.0", Inner[Reason]{TurnedOff{"pinwheel.yaml:12"}}}}))
		case Inner[Next]:
			f.Set(reflect.ValueOf(Inner[Next]{Joins{"aws"}}))
		default:
			s, known := samples[name]
			if !known {
				panic("nobody knows a sample of " + name)
			}
			f.Set(reflect.ValueOf(s).Convert(f.Type()))
		}
	}
	return v.Interface().(Reason)
}

// docs/reasons.md lists every kind with its arguments and words, as they are.
func TestReasonsAreDocumented(t *testing.T) {
	const path, begin = "../docs/reasons.md", "| Kind | Arguments | Text |\n|---|---|---|\n"
	var table strings.Builder
	for _, r := range everyReason() {
		r = sample(r)
		var args strings.Builder
		enc := json.NewEncoder(&args)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(DataOf(r).Args); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&table, "| %s | `%s` | %s |\n", r.Kind(), strings.TrimSpace(args.String()), Markdown(r))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, was, found := strings.Cut(string(text), begin)
	if !found {
		t.Fatalf("%s has no table", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if was != table.String() {
		t.Errorf("%s has not what reasons say: go test ./plan -run TestReasonsAreDocumented -update\n%s", path, table.String())
	}
}

func TestEveryReasonHasAKindOfItsOwn(t *testing.T) {
	kinds, types := map[ReasonKind]bool{}, []string(nil)
	for _, r := range everyReason() {
		if kinds[r.Kind()] || r.Kind() == "" {
			t.Errorf("%T has the kind %q of another", r, r.Kind())
		}
		kinds[r.Kind()] = true
		types = append(types, reflect.TypeOf(r).Name())
	}
	names, err := filepath.Glob("reason*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sealed []string
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "Kind" {
				sealed = append(sealed, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(sealed)
	slices.Sort(types)
	if !slices.Equal(sealed, types) {
		t.Errorf("the sealed set is %q, and this test knows %q", sealed, types)
	}
}

// A terminal has the words of the dashboard without its marks.
func TestPlainlyHasNoMarks(t *testing.T) {
	for _, r := range everyReason() {
		r = sample(r)
		plain, marked := Plainly(r), Markdown(r)
		if strings.Contains(plain, "`") || strings.ReplaceAll(marked, "`", "") != plain || plain == "" {
			t.Errorf("%s: %q on a terminal, %q on the dashboard", r.Kind(), plain, marked)
		}
		if strings.HasSuffix(plain, ".") {
			t.Errorf("%s: %q has an end of its own", r.Kind(), plain)
		}
	}
}

// A text names a zone as the configuration does, and never by letters that change with
// the season and mean several places.
func TestATextNamesTheZoneOfTheWindow(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for month, clock := range map[time.Month]string{time.January: "2026-01-03 09:30", time.July: "2026-07-03 10:30"} {
		at := time.Date(2026, month, 3, 8, 30, 0, 0, time.UTC).In(prague)
		for _, r := range []Reason{TooYoung{at}, ForcedYoung{Eligible: at}, Matures{Eligible: at, Then: Inner[Next]{Joins{"aws"}}}, YoungInstead{at}, WaitsForMember{Eligible: at}} {
			if text := Plainly(r); !strings.Contains(text, clock+" Europe/Prague") {
				t.Errorf("%s: %q, want %s Europe/Prague", r.Kind(), text, clock)
			}
		}
	}
}
