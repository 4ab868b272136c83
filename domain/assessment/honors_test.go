package assessment_test

import (
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

func claim(change func(*assessment.HonorClaimed)) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		c := *claimed(0, "文明窗口")
		c.Stamp, c.Honor = by("somebody else"), 77
		change(&c)
		return a.ClaimHonor(by("center"), c, honorsIn)
	}
}

func claimOn(day string) decision {
	return claim(func(c *assessment.HonorClaimed) { c.AwardedOn = day })
}

func claimedOn(number int, day string) *assessment.HonorClaimed {
	c := claimed(number, "文明窗口")
	c.AwardedOn = day
	return c
}

func accept(who string, number int, points domain.Points) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.AcceptHonor(by(who), number, points)
	}
}

func reject(who string, number int, reason string) decision {
	return func(a *assessment.Assessment) ([]domain.Event, error) {
		return a.RejectHonor(by(who), number, reason)
	}
}

func TestClaimHonor(t *testing.T) {
	asIs := claim(func(*assessment.HonorClaimed) {})
	national := claimed(1, "文明窗口")
	national.Level = assessment.National
	run(t, []scenario{
		{name: "a first", given: open(), when: asIs, then: events(claimed(1, "文明窗口"))},
		{name: "national", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Level = assessment.National }), then: events(national)},
		{name: "another after one was rejected", given: open(claimed(1, "先进集体"), rejected(1)), when: asIs, then: events(claimed(2, "文明窗口"))},
		{name: "rule 7, the period's first day", given: open(), when: claimOn("2020-01-01"), then: events(claimedOn(1, "2020-01-01"))},
		{name: "rule 7, the period's last day", given: open(), when: claimOn("2021-12-31"), then: events(claimedOn(1, "2021-12-31"))},
		{name: "rule 7, another year's award of the same title", given: open(claimed(1, "文明窗口")), when: claimOn("2020-04-12"), then: events(claimedOn(2, "2020-04-12"))},
		{name: "before opening", when: asIs, refused: domain.ErrNotOpened, says: "assessment: not opened"},
		{name: "rule 4, after submission", given: inReview(), when: asIs, refused: domain.ErrLocked, says: "310101002 is submitted"},
		{name: "rule 4, after approval", given: signedOff(), when: asIs, refused: domain.ErrLocked, says: "310101002 is approved"},
		{name: "by a district", given: openDistrict(), when: asIs, refused: domain.ErrWrongSubject, says: "310101 is a district, honors are claimed by centers"},
		{name: "rule 7, of a district's level", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Level = "district" }), refused: domain.ErrInvalid, says: `level "district" is neither national nor municipal`},
		{name: "rule 7, of no level", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Level = "" }), refused: domain.ErrInvalid, says: `level ""`},
		{name: "no title", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Title = " " }), refused: domain.ErrInvalid, says: "needs a title and an issuer"},
		{name: "rule 7, no issuer", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Issuer = "" }), refused: domain.ErrInvalid, says: "needs a title and an issuer"},
		{name: "a long title", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Title = strings.Repeat("x", 4001) }), refused: domain.ErrInvalid, says: "title has 4001 characters"},
		{name: "an issuer that is not UTF-8", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Issuer = "\xff" }), refused: domain.ErrInvalid, says: "issuer is not valid UTF-8"},
		{name: "rule 7, no date", given: open(), when: claimOn(""), refused: domain.ErrInvalid, says: `awardedOn "" is not a day`},
		{name: "rule 7, a day before the period", given: open(), when: claimOn("2019-12-31"), refused: domain.ErrHonorPeriod, says: "awarded on 2019-12-31, period 2020-01-01 to 2021-12-31"},
		{name: "rule 7, a day after the period", given: open(), when: claimOn("2022-01-01"), refused: domain.ErrHonorPeriod, says: "awarded on 2022-01-01"},
		{name: "rule 7, no document", given: open(), when: claim(func(c *assessment.HonorClaimed) { c.Document = "" }), refused: domain.ErrInvalid, says: `document "" is not a SHA-256`},
		{name: "rule 7, counts once", given: open(claimed(1, "文明窗口")), when: asIs, refused: domain.ErrExists, says: "claim 1 has the same title, issuer and date"},
		{name: "rule 7, counts once, though accepted", given: open(claimed(1, "文明窗口"), accepted(1, 50)), when: asIs, refused: domain.ErrExists, says: "claim 1 has the same"},
		{name: "rule 7, not again after a rejection", given: open(claimed(1, "文明窗口"), rejected(1)), when: asIs, refused: domain.ErrExists, says: "claim 1 has the same"},
	})
}

func TestDecideHonor(t *testing.T) {
	two := open(claimed(1, "文明窗口"), claimed(2, "先进集体"))
	run(t, []scenario{
		{name: "accept", given: two, when: accept("reviewer", 2, 50), then: events(accepted(2, 50))},
		{name: "accept with all of the indicator", given: two, when: accept("reviewer", 1, 100), then: events(accepted(1, 100))},
		{name: "reject", given: two, when: reject("reviewer", 1, "个人荣誉"), then: events(rejected(1))},
		{name: "accept: before opening", when: accept("reviewer", 1, 50), refused: domain.ErrUnknownItem, says: "honor claim 1 of 0"},
		{name: "accept: number 0", given: two, when: accept("reviewer", 0, 50), refused: domain.ErrUnknownItem, says: "honor claim 0 of 2"},
		{name: "accept: number 3 of 2", given: two, when: accept("reviewer", 3, 50), refused: domain.ErrUnknownItem, says: "honor claim 3 of 2"},
		{name: "accept: rule 7, counts once", given: append(two[:5:5], accepted(1, 50)), when: accept("reviewer", 1, 50), refused: domain.ErrDecided, says: "honor claim 1: decided already"},
		{name: "accept: rejected before", given: append(two[:5:5], rejected(1)), when: accept("reviewer", 1, 50), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "accept: one's own claim", given: two, when: accept("center", 1, 50), refused: domain.ErrFourEyes, says: "deciding claim 1: nobody approves their own work"},
		{name: "accept: nothing", given: two, when: accept("reviewer", 1, 0), refused: domain.ErrInvalid, says: "accept claim 1 with 0.00 points"},
		{name: "accept: less than nothing", given: two, when: accept("reviewer", 1, -1), refused: domain.ErrInvalid, says: "accept claim 1 with -0.01 points"},
		{name: "accept: more than the indicator", given: two, when: accept("reviewer", 1, 101), refused: domain.ErrOverIndicator, says: "award 1.01 of 1.00 for claim 1"},
		{name: "reject: before opening", when: reject("reviewer", 1, "x"), refused: domain.ErrUnknownItem, says: "honor claim 1 of 0"},
		{name: "reject: number 3 of 2", given: two, when: reject("reviewer", 3, "x"), refused: domain.ErrUnknownItem, says: "honor claim 3 of 2"},
		{name: "reject: accepted before", given: append(two[:5:5], accepted(1, 50)), when: reject("reviewer", 1, "x"), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "reject: twice", given: append(two[:5:5], rejected(1)), when: reject("reviewer", 1, "x"), refused: domain.ErrDecided, says: "honor claim 1"},
		{name: "reject: one's own claim", given: two, when: reject("center", 1, "x"), refused: domain.ErrFourEyes, says: "deciding claim 1"},
		{name: "reject: recused", given: append(two[:5:5], recused("reviewer")), when: reject("reviewer", 1, "x"), refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "accept: recused", given: append(two[:5:5], recused("reviewer")), when: accept("reviewer", 1, 50), refused: domain.ErrRecused, says: "310101002: recused"},
		{name: "reject: no reason", given: two, when: reject("reviewer", 1, ""), refused: domain.ErrReasonMissing, says: "rejecting claim 1"},
		{name: "reject: a long reason", given: two, when: reject("reviewer", 1, strings.Repeat("x", 4001)), refused: domain.ErrInvalid, says: "reason has 4001 characters"},
	})
}

// A standard without an honor indicator has no points for a claim.
func TestAcceptHonorWithoutHonorIndicator(t *testing.T) {
	tree := *newStandard(t)
	tree.Sections = append([]domain.Section(nil), tree.Sections[0])
	tree.Points = domain.Whole(93)
	std, err := domain.NewStandard(tree)
	if err != nil {
		t.Fatal(err)
	}
	a := fold(t, std, open(claimed(1, "文明窗口")))
	if _, err := a.AcceptHonor(by("reviewer"), 1, 1); err == nil || !strings.Contains(err.Error(), "award 0.01 of 0.00") {
		t.Errorf("error %v, want award 0.01 of 0.00", err)
	}
}
