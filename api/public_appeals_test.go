package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// tribunal is a rig with a round in which all is assessed, and its public schema.
type tribunal struct {
	*testrig.Rig
	t       *testing.T
	public  *Public
	centers []string
}

const tribunalRound = "appeals-2022"

func newTribunal(t *testing.T, centers int) *tribunal {
	t.Helper()
	c := &tribunal{Rig: testrig.Start(t), t: t}
	rows := c.Assessed(t, tribunalRound, centers)
	for _, row := range rows {
		c.centers = append(c.centers, row.Code)
	}
	var err error
	c.public, err = NewPublic(Config{Model: c.Model, Logger: testrig.Quiet()})
	must(t, err)
	return c
}

func (c *tribunal) publish(reason string) {
	c.t.Helper()
	c.Wait(c.t)
	_, err := testrig.Publish(testrig.Context(c.t), c.Commands, tribunalRound, reason)
	must(c.t, err)
	c.Wait(c.t)
}

// all is what the site generator may ask.
func (c *tribunal) all() string {
	c.t.Helper()
	c.Wait(c.t)
	text, err := c.public.Execute(c.t.Context(), publicAll, "", nil)
	must(c.t, err)
	return string(text)
}

// ask decodes what a stranger is answered, or the site generator.
func (c *tribunal) ask(ours bool, document string, into any) {
	c.t.Helper()
	c.Wait(c.t)
	out := c.public.run(c.t.Context(), call{document: document, ours: ours})
	if len(out.errors) > 0 {
		c.t.Fatalf("%s: %v", document, out.errors[0])
	}
	text, err := out.encode()
	must(c.t, err)
	must(c.t, json.Unmarshal(text, &struct{ Data any }{into}))
}

// lost is a clause on which a center lost points.
func (c *tribunal) lost(center string) (clause string, points domain.Points) {
	c.t.Helper()
	record, err := c.Record(testrig.Context(c.t), tribunalRound, center)
	must(c.t, err)
	for _, code := range slices.Sorted(maps.Keys(record.Entries)) {
		if f := record.Entries[code].Finding; f.Outcome == domain.Lost {
			return code, f.Points
		}
	}
	c.t.Fatalf("%s lost nothing", center)
	return "", 0
}

// filed notifies a center and files its appeal.
func (c *tribunal) filed(center string) (appeal.Filed, string) {
	c.t.Helper()
	ctx := testrig.Context(c.t)
	must(c.t, c.Notify(ctx, tribunalRound, center))
	clause, lost := c.lost(center)
	id, err := c.FileAppeal(ctx, tribunalRound, center, assessment.Target{Clause: clause}, 1, appeal.Fact)
	must(c.t, err)
	return appeal.Filed{Appeal: id, Round: tribunalRound, Subject: center, Kind: domain.Center, Lost: lost}, clause
}

// decided has a panel uphold an appeal; nothing is corrected yet.
func (c *tribunal) decided(f appeal.Filed) *appeal.Appeal {
	c.t.Helper()
	ctx := testrig.Context(c.t)
	panel := []string{"reviewer-3", "reviewer-4", "reviewer-5"}
	must(c.t, c.NamePanel(ctx, &appeal.Appeal{Filed: f}, panel...))
	for _, member := range panel {
		must(c.t, c.Vote(ctx, f, member, f.Lost))
	}
	must(c.t, c.Decide(ctx, f, panel[0]))
	var now *appeal.Appeal
	must(c.t, c.OnAppeal(ctx, "system", f.Appeal, f.Round, f.Subject, nil, func(a *appeal.Appeal, _ domain.Stamp) ([]domain.Event, error) {
		now = a
		return nil, nil
	}))
	return now
}

// TestAReleaseKnowsNoLaterAppeal: what is filed, decided, corrected and said
// after a release shows in the next one, and there adds up.
func TestAReleaseKnowsNoLaterAppeal(t *testing.T) {
	c := newTribunal(t, 4)
	c.publish("")
	first := c.all()
	filed, clause := c.filed(c.centers[0])
	must(t, c.Correct(testrig.Context(t), c.decided(filed)))
	must(t, c.Reply(testrig.Context(t), tribunalRound, c.centers[0], "谢谢"))
	c.filed(c.centers[1])
	if c.all() != first {
		t.Error("release 1 changed")
	}
	c.publish("执行申诉决定")
	var got struct {
		Release struct {
			Kind             string
			Previous         int
			AppealStatistics struct {
				Total struct {
					Filed, Open, Decided, Upheld int
					Restored                     domain.Points
					Days                         struct{ Count, Sum int }
				}
				ByClause, ByDistrict, ByGround []struct{ Tally struct{ Filed int } }
			}
			Changes struct {
				TotalCount int
				Edges      []struct {
					Node struct {
						Code          string
						Before, After struct{ Total domain.Points }
						Difference    domain.Points
						Effects       []struct {
							Type, Subject, Clause, Appeal string
							Points                        domain.Points
						}
					}
				}
			}
			A, B shownCenter
		}
	}
	const center = `{ clauses { code pending corrected appeal } appeals { id status pending reasons } reply { text } }`
	c.ask(true, `{ release(round: "appeals-2022") { kind previous
		appealStatistics { total { filed open decided upheld restored days { count sum } } byClause { tally { filed } } byDistrict { tally { filed } } byGround { tally { filed } } }
		changes { totalCount edges { node { code before { total } after { total } difference effects { type subject clause appeal points } } } }
		a: center(code: "`+c.centers[0]+`") `+center+` b: center(code: "`+c.centers[1]+`") `+center+` } }`, &got)
	r := got.Release
	if total := r.AppealStatistics.Total; r.Kind != "correction" || r.Previous != 1 || total.Filed != 2 || total.Open != 1 || total.Decided != 1 ||
		total.Upheld != 1 || total.Restored != filed.Lost || total.Days.Count != 1 {
		t.Errorf("release 2: %+v", r)
	}
	for _, groups := range [][]struct{ Tally struct{ Filed int } }{r.AppealStatistics.ByClause, r.AppealStatistics.ByDistrict, r.AppealStatistics.ByGround} {
		sum := 0
		for _, g := range groups {
			sum += g.Tally.Filed
		}
		if sum != 2 {
			t.Errorf("the parts add up to %d appeals of 2", sum)
		}
	}
	moved := 0
	for _, edge := range r.Changes.Edges {
		n := edge.Node
		var sum domain.Points
		for _, e := range n.Effects {
			sum += e.Points
		}
		if sum != n.Difference || n.After.Total-n.Before.Total != sum {
			t.Errorf("%s: %+v", n.Code, n)
		}
		if len(n.Effects) == 0 {
			continue
		}
		moved++
		if e := n.Effects[0]; len(n.Effects) != 1 || n.Code != c.centers[0] || e.Type != "assessment.ScoreCorrected" || e.Clause != clause ||
			e.Appeal != filed.Appeal || e.Subject != c.centers[0] || n.Difference == 0 {
			t.Errorf("%s moved by %+v", n.Code, n.Effects)
		}
	}
	if moved != 1 || r.Changes.TotalCount != len(r.Changes.Edges) {
		t.Errorf("%d of %d centers moved", moved, r.Changes.TotalCount)
	}
	if got := r.A.inBrief(); got != "0 pending, 1 corrected; decided, with reasons; 谢谢" {
		t.Errorf("the center that was heard: %s", got)
	}
	if got := r.B.inBrief(); got != "1 pending, 0 corrected; open, pending; " {
		t.Errorf("the center that waits: %s", got)
	}
}

// shownCenter is what a release shows of a center's appeals and reply.
type shownCenter struct {
	Clauses []struct {
		Pending, Corrected bool
		Appeal             *string
	}
	Appeals []struct {
		Status  string
		Pending bool
		Reasons *string
	}
	Reply *struct{ Text string }
}

func (c *shownCenter) inBrief() string {
	pending, corrected := 0, 0
	for _, clause := range c.Clauses {
		if clause.Pending && clause.Appeal != nil {
			pending++
		}
		if clause.Corrected && clause.Appeal != nil {
			corrected++
		}
	}
	out := fmt.Sprintf("%d pending, %d corrected; ", pending, corrected)
	for _, a := range c.Appeals {
		out += a.Status
		if a.Pending {
			out += ", pending"
		}
		if a.Reasons != nil {
			out += ", with reasons"
		}
	}
	out += "; "
	if c.Reply != nil {
		out += c.Reply.Text
	}
	return out
}

// TestDecidedButNotCorrected: what a panel decided about is marked as pending
// until the correction that follows is on record.
func TestDecidedButNotCorrected(t *testing.T) {
	c := newTribunal(t, 2)
	filed, clause := c.filed(c.centers[0])
	now := c.decided(filed)
	c.publish("")
	must(t, c.Correct(testrig.Context(t), now))
	c.publish("执行申诉决定")
	for release, pending := range map[int]bool{1: true, 2: false} {
		var got struct {
			Release struct {
				Center struct {
					Clauses []struct {
						Code               string
						Pending, Corrected bool
						Points             *domain.Points
					}
					Appeals []struct {
						Status  string
						Pending bool
					}
				}
			}
		}
		c.ask(false, `{ release(round: "appeals-2022", number: `+string(rune('0'+release))+`) { center(code: "`+c.centers[0]+`") {
			clauses { code pending corrected points } appeals { status pending } } } }`, &got)
		for _, f := range got.Release.Center.Clauses {
			if is := f.Code == clause; f.Pending != (is && pending) || f.Corrected != (is && !pending) {
				t.Errorf("release %d: %+v", release, f)
			} else if is && pending && *f.Points != filed.Lost {
				t.Errorf("release %d shows %s, notified were %s", release, *f.Points, filed.Lost)
			}
		}
		if a := got.Release.Center.Appeals; len(a) != 1 || a[0].Status != "decided" || a[0].Pending != pending {
			t.Errorf("release %d: %+v", release, a)
		}
	}
}

// TestNothingOfWhatIsNotPublished: of an appeal against a record that was not
// approved when the release was made nothing shows, and it is not counted.
func TestNothingOfWhatIsNotPublished(t *testing.T) {
	c := newTribunal(t, 3)
	c.filed(c.centers[0])
	hidden, clause := c.filed(c.centers[1])
	record, err := c.Record(testrig.Context(t), tribunalRound, c.centers[1])
	must(t, err)
	for _, score := range testrig.Findings(rand.New(rand.NewPCG(9, 9)), testrig.Standard(t), domain.Center) {
		if score.Clause != clause { // voids the sign-off
			_, err := c.Commands.ReviseScore(testrig.Context(t), testrig.Meta("assessor"), tribunalRound, c.centers[1],
				record.Entries[score.Clause].Version, score, "复查")
			must(t, err)
			break
		}
	}
	c.publish("")
	if text := c.all(); strings.Contains(text, hidden.Appeal) || !strings.Contains(text, `"filed":1,`) || strings.Contains(text, `"filed":2,`) {
		t.Error("an appeal against a result that is not published shows")
	}
	c.Look(t, func(v *projections.View) {
		stats, err := v.AppealStats(tribunalRound, projections.Latest)
		if err != nil || stats.Filed != 2 {
			t.Errorf("%d appeals in all, %v; want 2", stats.Filed, err)
		}
	})
}

// TestRedactedSince: a stranger who asks for an old release reads no reply that
// was redacted since; the site generator makes what was published.
func TestRedactedSince(t *testing.T) {
	c := newTribunal(t, 2)
	ctx := testrig.Context(t)
	must(t, c.Notify(ctx, tribunalRound, c.centers[0]))
	must(t, c.Reply(ctx, tribunalRound, c.centers[0], "经办人张三丰签收"))
	c.publish("")
	read := func(ours bool) (text string) {
		var got struct {
			Release struct {
				Center struct{ Reply struct{ Text *string } }
			}
		}
		c.ask(ours, `{ release(round: "appeals-2022", number: 1) { center(code: "`+c.centers[0]+`") { reply { text } } } }`, &got)
		if got.Release.Center.Reply.Text == nil {
			return "null"
		}
		return *got.Release.Center.Reply.Text
	}
	if before := read(false); before != "经办人张三丰签收" || read(true) != before {
		t.Errorf("before the redaction: %s", before)
	}
	redact := func(text string) {
		_, err := c.Commands.RedactReply(ctx, testrig.Meta("organizer"), tribunalRound, c.centers[0], 1, text, "涉及个人姓名")
		must(t, err)
	}
	redact("经办人签收")
	if got := read(false); got != "经办人签收" {
		t.Errorf("a stranger reads %s", got)
	}
	if got := read(true); got != "经办人张三丰签收" {
		t.Errorf("the site generator reads %s", got)
	}
	redact("")
	if got := read(false); got != "null" {
		t.Errorf("a stranger reads %s", got)
	}
}

// TestChangesArePaged: the pages add up to the whole.
func TestChangesArePaged(t *testing.T) {
	c := newTribunal(t, 5)
	c.publish("")
	for _, center := range c.centers[:3] {
		filed, _ := c.filed(center)
		must(t, c.Correct(testrig.Context(t), c.decided(filed)))
	}
	c.publish("执行申诉决定")
	type page struct {
		Release struct {
			Changes struct {
				TotalCount int
				Edges      []struct{ Node struct{ Code string } }
				PageInfo   struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
	}
	ask := func(args string) (codes []string, next string, total int) {
		var got page
		c.ask(false, `{ release(round: "appeals-2022") { changes(`+args+`) { totalCount edges { node { code } } pageInfo { hasNextPage endCursor } } } }`, &got)
		for _, edge := range got.Release.Changes.Edges {
			codes = append(codes, edge.Node.Code)
		}
		if got.Release.Changes.PageInfo.HasNextPage {
			next = got.Release.Changes.PageInfo.EndCursor
		}
		return codes, next, got.Release.Changes.TotalCount
	}
	whole, next, total := ask("first: 100")
	if next != "" || total != len(whole) || total < 2 {
		t.Fatalf("%d changes of %d", len(whole), total)
	}
	var paged []string
	for args := "first: 1"; args != ""; {
		codes, next, _ := ask(args)
		paged = append(paged, codes...)
		if args = ""; next != "" {
			args = `first: 1, after: "` + next + `"`
		}
	}
	if !slices.Equal(paged, whole) {
		t.Errorf("by pages %v, at once %v", paged, whole)
	}
	for _, cursor := range []string{"x", "0", "-1", "99"} {
		out := c.public.run(t.Context(), call{document: `{ release(round: "appeals-2022") { changes(after: "` + cursor + `") { totalCount } } }`})
		if len(out.errors) == 0 {
			t.Errorf("cursor %s is taken", cursor)
		}
	}
}
