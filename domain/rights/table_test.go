package rights

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
)

// TestPageIsWhole: the page shows every command, every read, every role, every
// state and every condition, each once.
func TestPageIsWhole(t *testing.T) {
	var commands []Command
	for _, area := range areas {
		for _, row := range area.commands {
			commands = append(commands, row.id)
		}
	}
	if !slices.Equal(commands, Commands) {
		t.Errorf("the page has %v,\nthe table %v", commands, Commands)
	}
	for _, c := range Judging {
		if !slices.Contains(Commands, c) {
			t.Errorf("%s judges, and is not in the table", c)
		}
	}
	if judging := slices.Sorted(slices.Values(Judging)); len(slices.Compact(judging)) != len(Judging) {
		t.Errorf("a command judges twice: %v", Judging)
	}
	var shown, reads []Read
	for _, row := range readNames {
		shown = append(shown, row.id)
	}
	for _, r := range ReadTable {
		if !slices.Contains(reads, r.Read) {
			reads = append(reads, r.Read)
		}
	}
	if !slices.Equal(shown, reads) {
		t.Errorf("the page has %v, the table %v", shown, reads)
	}
	if len(roleNames) != len(Roles) {
		t.Errorf("%d roles have a name, there are %d", len(roleNames), len(Roles))
	}
	used := make(map[Condition]bool)
	for _, r := range Table {
		used[r.Condition] = true
		for _, s := range r.States {
			if _, ok := stateNames[s]; !ok {
				t.Errorf("%s: state %q has no name", r.Command, s)
			}
		}
		for _, stage := range r.Appeals {
			if _, ok := stageNames[stage]; !ok {
				t.Errorf("%s: stage %q has no name", r.Command, stage)
			}
		}
	}
	for _, r := range ReadTable {
		used[r.Condition] = true
	}
	delete(used, Always)
	for _, c := range conditionTexts {
		if !used[c.Condition] {
			t.Errorf("condition %s is explained, and no rule has it", c.Condition)
		}
		delete(used, c.Condition)
	}
	if len(used) > 0 {
		t.Errorf("conditions without a text: %v", used)
	}
}

// TestTable holds the table to what reading it relies on: the rules of a
// command stand together, no two are for one role, and a command on a record
// has one condition and the same states and stages for every role, because the
// record knows the person and not the role that they act in.
func TestTable(t *testing.T) {
	if sorted := slices.Sorted(slices.Values(Commands)); len(slices.Compact(sorted)) != len(Commands) {
		t.Errorf("the rules of a command stand apart: %v", Commands)
	}
	first := make(map[Command]Rule)
	pairs := make(map[[2]string]bool)
	for _, r := range Table {
		pair := [2]string{string(r.Command), string(r.Role)}
		if pairs[pair] {
			t.Errorf("%v has two rules", pair)
		}
		pairs[pair] = true
		if !slices.Contains(Roles, r.Role) {
			t.Errorf("%s is for %q, which is no role", r.Command, r.Role)
		}
		if r.Condition == Own && r.Role != Center && r.Role != District {
			t.Errorf("%s: %s is not held for a subject", r.Command, r.Role)
		}
		one, known := first[r.Command]
		if !known {
			first[r.Command] = r
			continue
		}
		if r.Condition != one.Condition || !slices.Equal(r.States, one.States) || !slices.Equal(r.Appeals, one.Appeals) {
			t.Errorf("%s asks %s %q in %v %q, %s %q in %v %q", r.Command, one.Role, one.Condition, one.States, one.Appeals, r.Role, r.Condition, r.States, r.Appeals)
		}
	}
}

// TestAuditor: an auditor sees everything and changes nothing.
func TestAuditor(t *testing.T) {
	auditor := Actor{Account: "a", Grants: []Grant{{Role: Auditor}}}
	for _, c := range Commands {
		if err := Allow(auditor, c, ""); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("an auditor may %s: %v", c, err)
		}
	}
	for _, row := range readNames {
		if err := MayRead(auditor, row.id, Facts{Subject: "310101002", District: "310101"}); err != nil {
			t.Errorf("an auditor does not see %s: %v", row.id, err)
		}
	}
}

// TestAllow: a grant counts for its own subject only, and a refusal names the
// command and who may.
func TestAllow(t *testing.T) {
	const subject, other = "310101002", "310101013"
	for _, test := range []struct {
		name    string
		grants  []Grant
		command Command
		says    string // "" where it is allowed
	}{
		{"own center", []Grant{{Center, subject}}, "claimHonor", ""},
		{"another center", []Grant{{Center, other}}, "claimHonor", "claimHonor is for center of " + subject},
		{"its district", []Grant{{District, "310101"}}, "claimHonor", "claimHonor is for center of " + subject},
		{"two centers", []Grant{{Center, other}, {Center, subject}}, "claimHonor", ""},
		{"one role of two", []Grant{{Role: Auditor}, {Role: Reviewer}}, "approveAssessment", ""},
		{"no role", nil, "recuseMyself", "recuseMyself is for assessor, reviewer"},
		{"no such command", []Grant{{Role: Organizer}}, "shutDown", "shutDown"},
	} {
		err := Allow(Actor{Account: "a", Grants: test.grants}, test.command, subject)
		if allowed := test.says == ""; allowed != (err == nil) || err != nil && (!errors.Is(err, domain.ErrForbidden) || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}

// TestMayRead tries each read with each role in each situation that the
// conditions tell apart.
func TestMayRead(t *testing.T) {
	const subject, district = "310101002", "310101"
	tried := 0
	for _, row := range readNames {
		for _, role := range Roles {
			for _, held := range []string{"", subject, district, "310104003", "310104"} {
				for situation := range 8 {
					notified, assigned, panelist := situation&1 != 0, situation&2 != 0, situation&4 != 0
					want := false
					for _, c := range readConditionsOf(row.id, role) {
						want = map[Condition]bool{
							Always: true, Own: held == subject, OwnNotified: held == subject && notified,
							InOwnDistrict: held == district && notified, Assigned: assigned, Panelist: panelist,
						}[c]
					}
					err := MayRead(Actor{Account: "a", Grants: []Grant{{role, held}}}, row.id, Facts{
						Subject: subject, District: district, Notified: notified,
						Assigned: func() (bool, error) { return assigned, nil },
						Panelist: func() (bool, error) { return panelist, nil },
					})
					if want != (err == nil) || err != nil && !errors.Is(err, domain.ErrForbidden) {
						t.Errorf("%s by %s of %q, notified %t, assigned %t, panelist %t: %v, want %t", row.id, role, held, notified, assigned, panelist, err, want)
					}
					tried++
				}
			}
		}
	}
	if want := len(readNames) * len(Roles) * 5 * 8; tried != want {
		t.Errorf("tried %d, want %d", tried, want)
	}
}

// TestMayReadFails: what cannot be found out is an error, not a refusal and
// not a permission.
func TestMayReadFails(t *testing.T) {
	broken := errors.New("the read model is away")
	fails := func() (bool, error) { return true, broken }
	for role, facts := range map[Role]Facts{Assessor: {Assigned: fails}, Reviewer: {Panelist: fails}} {
		if err := MayRead(Actor{Account: "a", Grants: []Grant{{Role: role}}}, ReadAppeal, facts); !errors.Is(err, broken) {
			t.Errorf("%s: %v, want %v", role, err, broken)
		}
	}
}

// TestNobodyJudgesTheirOwn: an account that is of a subject gives none of the
// commands that judge it, whatever other roles it has; elsewhere it does.
func TestNobodyJudgesTheirOwn(t *testing.T) {
	everything := Actor{Account: "a", Grants: []Grant{
		{Role: Assessor},
		{Role: Reviewer},
		{Role: Organizer},
		{Role: Center, Subject: "310101002"},
		{Role: District, Subject: "310101"},
	}}
	judged := 0
	for _, command := range Commands {
		for _, own := range []string{"310101002", "310101"} {
			if errors.Is(Allow(everything, command, own), domain.ErrFourEyes) {
				judged++
			}
		}
		if err := Allow(everything, command, "310104003"); errors.Is(err, domain.ErrFourEyes) {
			t.Errorf("%s on another subject: %v", command, err)
		}
	}
	if judged != 2*18 || len(Judging) != 18 {
		t.Errorf("%d commands on one's own subjects are refused, want 36; %d judge, want 18", judged, len(Judging))
	}
	for _, command := range []Command{
		"recordScores", "imposeDeduction", "acceptHonor", "returnAssessment", "approveAssessment",
		"notifyResult", "redactReply", "answerAppeal", "namePanel", "castVote", "decideAppeal",
	} {
		if err := Allow(everything, command, "310101002"); !errors.Is(err, domain.ErrFourEyes) {
			t.Errorf("%s on one's own center: %v", command, err)
		}
	}
	for _, command := range []Command{"claimHonor", "fileAppeal", "escalateAppeal", "recuseFromPanel"} {
		if err := Allow(everything, command, "310101002"); err != nil {
			t.Errorf("%s of one's own: %v", command, err)
		}
	}
}
