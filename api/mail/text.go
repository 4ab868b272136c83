package mail

import (
	"bytes"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	letters "mingjian/domain/mail"
)

// The subjects: one for what wants doing, one for what wants reading.
const (
	todo = "【明鉴】有一项事务待您处理 Something awaits you"
	news = "【明鉴】有一项内容待您查看 Something is there for you to read"
)

// text is what a kind of letter says: what kind of thing awaits, never how
// anything was decided, nor about whom.
type text struct{ subject, zh, en string }

var texts = map[letters.Kind]text{
	letters.ResultNotified: {
		news, "贵中心的评估结果已送达，请登录查看。如有异议，可在期限内提出申诉。",
		"The evaluation of your center has arrived. You can read it, and appeal in time, after signing in.",
	},
	letters.AppealVote: {
		todo, "有一项申诉等待您以复核小组成员的身份审议并投票。",
		"An appeal awaits your vote as a member of its panel.",
	},
	letters.AppealDecided: {
		news, "您提出的申诉已有复核决定，请登录查看。",
		"Your appeal has been decided. You can read the decision after signing in.",
	},
	letters.AppealFiled: {
		todo, "收到一项新的申诉，等待您安排复核小组。",
		"An appeal has been filed and awaits its panel.",
	},
	letters.PanelWanted: {
		todo, "有一项申诉等待您安排复核小组。",
		"An appeal awaits the naming of its panel.",
	},
	letters.AppealOverdue: {
		todo, "有一项申诉已超过作出决定的期限，等待处理。",
		"An appeal still awaits its decision, beyond the last day for it.",
	},
	letters.RecordAssigned: {
		todo, "有一份评估记录已分配给您，请登录查看。",
		"A record has been assigned to you for assessment.",
	},
	letters.RecordReturned: {
		todo, "您提交的一份评估记录已退回，等待您补充。",
		"A record that you submitted has been returned to you.",
	},
	letters.RecordSubmitted: {
		todo, "有一份评估记录已提交，等待复核。",
		"A record has been submitted and awaits review.",
	},
	letters.ReplyFiled: {
		todo, "收到一份书面回应，等待您审核后公开。",
		"A reply has been filed and awaits moderation.",
	},
	letters.Published: {
		news, "评估结果已公开发布，请登录查看。",
		"A release has been published.",
	},
}

const body = `%s

%s

%s

%s

——
此邮件由系统自动发出，请勿回复。
This message was sent automatically; please do not reply.
`

// compose writes a letter as it travels. Its Message-ID is the letter's own, so
// that every attempt sends what is recognizably the same letter.
func (s *Sender) compose(a *attempt, to *netmail.Address) ([]byte, error) {
	says := texts[a.Kind]
	domain := s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	message.ToMailAddress(to)
	message.Subject(says.subject)
	message.SetMessageIDWithValue(a.id.String() + "@" + domain)
	message.SetDateWithValue(s.now())
	message.SetGenHeader("Auto-Submitted", "auto-generated") // no "out of office" comes back
	link := strings.TrimSuffix(s.config.BaseURL, "/") + a.Path
	message.SetBodyString(gomail.TypeTextPlain, fmt.Sprintf(body, says.zh, link, says.en, link))
	var out bytes.Buffer
	if _, err := message.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("compose: %w", err)
	}
	return out.Bytes(), nil
}

// recipient parses an account's address. The name is left out: a letter holds
// no more of a person than it needs to arrive.
func recipient(address string) (*netmail.Address, bool) {
	parsed, err := netmail.ParseAddress(address)
	if err != nil || parsed.Address != address || !oneWord(address) {
		return nil, false
	}
	return &netmail.Address{Address: parsed.Address}, true
}
