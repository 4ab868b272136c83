package reactions

import (
	"context"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/mail"
	"mingjian/domain/rights"
	"mingjian/domain/round"
)

// rule says who gets which letter of an event. Nobody gets one of what they did
// themselves.
type rule struct {
	event  domain.Event // an empty one, for its stored name
	kind   mail.Kind
	people []recipients
}

// rules is who is told of what. docs/operations.md shows it.
var rules = []rule{
	{assessment.AssessorAssigned{}, mail.RecordAssigned, []recipients{theAssigned}},
	{assessment.Returned{}, mail.RecordReturned, []recipients{theLead}},
	{assessment.ResultNotified{}, mail.ResultNotified, []recipients{theSubject}},
	{assessment.ReplyFiled{}, mail.ReplyFiled, []recipients{organizers}},
	{appeal.Filed{}, mail.AppealFiled, []recipients{organizers}},
	{appeal.PanelNamed{}, mail.AppealVote, []recipients{thePanel}},
	{appeal.ReviewerRecused{}, mail.PanelWanted, []recipients{organizers}},
	{appeal.Decided{}, mail.AppealDecided, []recipients{theSubject}},
	{appeal.Escalated{}, mail.PanelWanted, []recipients{organizers}},
	{appeal.Expired{}, mail.AppealOverdue, []recipients{organizers, thePanel}},
	{round.Published{}, mail.Published, []recipients{evaluated}},
}

// silence is what nobody is told of by mail although somebody has to act, or
// would like to know, and why. It awaits them after signing in.
var silence = []struct {
	event domain.Event
	why   string
}{
	{assessment.Submitted{}, "任何复核员都可复核，每份记录都写信会淹没真正的来信 any reviewer may take it: a letter for each record would be a flood"},
	{assessment.Approved{}, "结果经送达才告知 a result is told by its notice"},
	{assessment.ScoreCorrected{}, "复核决定已告知 the decision has been told"},
	{assessment.DeductionCorrected{}, "同上 likewise"},
	{appeal.EvidenceAdded{}, "复核小组投票前会看到 the panel sees it before it votes"},
	{appeal.VoteCast{}, "同上 likewise"},
	{appeal.Extended{}, "期限见待办 the new day stands in what awaits the panel"},
	{appeal.Withdrawn{}, "无需任何人处理 nobody has to act"},
	{round.Deliberated{}, "组织者自己的步骤 a step of the organizers themselves"},
}

// recipients is a way to find people.
type recipients struct {
	words string // in Chinese and English
	find  func(context.Context, *Letters, occurrence) ([]string, error)
}

var (
	organizers = recipients{"全体组织者 all organizers", func(ctx context.Context, l *Letters, _ occurrence) ([]string, error) {
		return l.config.Accounts.Holders(ctx, rights.Organizer, "")
	}}
	theSubject = recipients{"该中心或该区主管部门的账号 the accounts of the center, or of the district's office", func(ctx context.Context, l *Letters, o occurrence) ([]string, error) {
		role := rights.Center
		if o.kind == domain.District {
			role = rights.District
		}
		return l.config.Accounts.Holders(ctx, role, o.subject)
	}}
	evaluated = recipients{"全体中心和区主管部门的账号 the accounts of all centers and district offices", func(ctx context.Context, l *Letters, _ occurrence) ([]string, error) {
		centers, err := l.config.Accounts.Holders(ctx, rights.Center, "")
		if err != nil {
			return nil, err
		}
		districts, err := l.config.Accounts.Holders(ctx, rights.District, "")
		return append(centers, districts...), err
	}}
	theAssigned = recipients{"被分配的评估员 the assessor", func(_ context.Context, _ *Letters, o occurrence) ([]string, error) {
		return []string{o.metadata.Sealed[command.SealedAssessor]}, nil
	}}
	theLead  = recipients{"主评估员，没有则全体成员 the lead, or the team where there is none", lead}
	thePanel = recipients{"复核小组成员 the panel's members", panel}
)
