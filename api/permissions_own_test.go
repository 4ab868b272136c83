package api

import (
	"fmt"
	"maps"
	"slices"

	"mingjian/domain/rights"
)

// judgments are the attempts on a record by which its subject is judged; those on
// an appeal are tried with the other commands on appeals.
func judgments() []attempt {
	return slices.DeleteFunc(slices.Clone(attempts), func(a attempt) bool { return !slices.Contains(rights.Judging, a.command) })
}

// doubles are accounts that judge by one role and by another are of a center or
// district, be it the subject or not.
func doubles() (all []casting) {
	for _, as := range castings {
		if !slices.ContainsFunc(rights.Table, func(r rights.Rule) bool { return r.Role == as.role && slices.Contains(rights.Judging, r.Command) }) {
			continue
		}
		for _, of := range castings {
			if of.holds != nil {
				all = append(all, casting{name: as.name + " of " + of.name, role: as.role, also: &of})
			}
		}
	}
	return all
}

// judgeOnesOwn tries to judge a center as accounts of two roles, each as a person
// whom the record itself gives no reason to refuse.
func (s *stage) judgeOnesOwn(n *tally, shared map[situation]string) {
	s.t.Helper()
	for _, as := range doubles() {
		who := s.person("stranger")
		if as.role == rights.Assessor {
			who = s.person("lead")
		}
		for at, subject := range shared {
			s.tryOnRecord(n, judgments(), as, who, at, subject)
		}
	}
}

// ofOnesOwn counts those attempts: each is made on records of its own kind.
func ofOnesOwn(shared map[situation]string) (count int) {
	for _, a := range judgments() {
		for at := range shared {
			if a.kind == at.kind {
				count += len(doubles())
			}
		}
	}
	return count
}

// judgeOnesOwnDistrict tries to judge a district as an account of its office.
func (s *stage) judgeOnesOwnDistrict(n *tally, state rights.State, subject string) {
	s.t.Helper()
	who := s.person("stranger")
	for _, as := range doubles() {
		if as.also.role != rights.District || !as.own(subject) {
			continue
		}
		s.cast(who, as.grants(subject)...)
		before := s.end()
		for _, a := range judgments() {
			input := map[string]any{"round": openRound, "subject": subject, "commandId": newID()}
			maps.Copy(input, a.input(s, state))
			got := s.send(who, mutationDocument(string(a.command)), map[string]any{"input": input})
			want := a.expected(as, who, openRound, subject, state)
			s.judge(n, fmt.Sprintf("%s by %s on a district's record %q", a.command, as.name, state), want, got.code())
		}
		s.moved(as.name+" on a district's record", before, false)
	}
}
