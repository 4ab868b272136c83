package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/location"

	"mingjian/api/auth"
	"mingjian/api/evidence"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/eventstore"
	"mingjian/projections"
)

// ruling is what users are told of an error: a code for programs, a sentence
// for people, and whether the same request may succeed later as it is.
type ruling struct {
	is    error
	code  string
	zh    string
	retry bool
}

// Codes of faults that have no sentinel.
const (
	codeBadRequest = "BAD_REQUEST"
	codeParse      = "GRAPHQL_PARSE_FAILED"
	codeValidation = "GRAPHQL_VALIDATION_FAILED"
	codeVariables  = "BAD_VARIABLES"
	codeTooComplex = "QUERY_TOO_COMPLEX"
	codeMethod     = "METHOD_NOT_ALLOWED"
	codeNotYet     = "NOT_YET"
	codeInternal   = "INTERNAL"
)

// errLostRace marks a conflict of a command that stated no revision: it may
// simply be sent again, while a stale revision needs somebody to look first.
var errLostRace = errors.New("another command got there first")

// rulings is the one place that knows GraphQL codes. The first entry that an
// error wraps decides, so what is more specific stands higher.
var rulings = []ruling{
	{domain.ErrUnknownRound, "UNKNOWN_ROUND", "没有这个轮次。", false},
	{domain.ErrUnknownSubject, "UNKNOWN_SUBJECT", "没有这个受理中心或区。", false},
	{domain.ErrUnknownStandard, "UNKNOWN_STANDARD", "没有这个标准。", false},
	{domain.ErrUnknownClause, "UNKNOWN_CLAUSE", "标准中没有这个条款。", false},
	{domain.ErrUnknownItem, "UNKNOWN_ITEM", "没有这个扣分项、扣分记录或荣誉申报。", false},
	{domain.ErrWrongSubject, "WRONG_SUBJECT", "该条款评估的是另一类对象。", false},
	{domain.ErrOverIndicator, "OVER_INDICATOR", "超出该二级指标的分值。", false},
	{domain.ErrAlreadyRecorded, "ALREADY_RECORDED", "该条款已有评估记录，请改为修订。", false},
	{domain.ErrNotRecorded, "NOT_RECORDED", "该条款尚无评估记录，无从修订。", false},
	{domain.ErrSuperseded, "SUPERSEDED", "他人已先行修订，请查看新记录后再定。", false},
	{domain.ErrReasonMissing, "REASON_MISSING", "必须说明理由。", false},
	{domain.ErrNotApplicable, "NOT_APPLICABLE_REFUSED", "标准不允许该条款按不适用处理。", false},
	{domain.ErrExists, "EXISTS", "已经存在。", false},
	{domain.ErrNotOpened, "NOT_OPENED", "该对象的评估尚未开始。", false},
	{domain.ErrRoundClosed, "ROUND_CLOSED", "该轮次已经结束。", false},
	{domain.ErrLocked, "LOCKED", "已经提交，不能再录入。", false},
	{domain.ErrIncomplete, "INCOMPLETE", "尚有条款没有评估记录。", false},
	{domain.ErrNotSubmitted, "NOT_SUBMITTED", "尚未提交复核。", false},
	{domain.ErrForbidden, "FORBIDDEN", "您的账号无权进行此操作。", false},
	{domain.ErrNotAssigned, "NOT_ASSIGNED", "您未被分派到该对象。", false},
	{domain.ErrNotLead, "NOT_LEAD", "须由评估组长提交。", false},
	{domain.ErrRecused, "RECUSED", "已回避，不能再参与该对象的评估。", false},
	{domain.ErrOverGuide, "OVER_GUIDE", "超出评分细则规定的该条款扣分上限。", false},
	{domain.ErrUnknownEvidence, "UNKNOWN_EVIDENCE", "没有这份证据材料，请先上传。", false},
	{domain.ErrFourEyes, "FOUR_EYES", "不能复核本人参与的评估。", false},
	{domain.ErrDecided, "DECIDED", "已有结论。", false},
	{domain.ErrHonorPeriod, "HONOR_PERIOD", "授予日期不在本轮荣誉认定期内。", false},
	{domain.ErrNothingApproved, "NOTHING_APPROVED", "尚无通过复核的结果，不能发布。", false},
	{domain.ErrNotApproved, "NOT_APPROVED", "尚未通过复核。", false},
	{domain.ErrNotNotified, "NOT_NOTIFIED", "该结果尚未告知。", false},
	{domain.ErrTooLate, "TOO_LATE", "已超过期限。", false},
	{domain.ErrTooEarly, "TOO_EARLY", "期限未到。", false},
	{domain.ErrNothingAtStake, "NOTHING_AT_STAKE", "此处没有失分，无从申诉。", false},
	{domain.ErrUnderAppeal, "UNDER_APPEAL", "正在申诉中，由复核小组决定。", false},
	{domain.ErrUnknownAppeal, "UNKNOWN_APPEAL", "没有这件申诉。", false},
	{domain.ErrNotOpen, "NOT_OPEN", "该申诉不在审理中。", false},
	{domain.ErrNotOnPanel, "NOT_ON_PANEL", "您不是该申诉的复核小组成员。", false},
	{domain.ErrPanel, "INVALID_PANEL", "复核小组组成不符合规定。", false},
	{domain.ErrVotesMissing, "VOTES_MISSING", "尚有小组成员没有表决。", false},
	{domain.ErrNotWorse, "NOT_WORSE", "再次复核不得减少首次复核已恢复的分值。", false},
	{domain.ErrNotDeliberated, "NOT_DELIBERATED", "尚未会商，不能发布。", false},
	{domain.ErrNoCalendar, "NO_CALENDAR", "本轮没有可用的工作日历，请先更换。", false},
	{domain.ErrCalendarYear, "CALENDAR_YEAR", "工作日历没有该年份的安排，无法计算期限。", false},
	{criteria.ErrUnknownCalendar, "UNKNOWN_CALENDAR", "没有这个工作日历。", false},
	{domain.ErrUnknownAccount, "UNKNOWN_ACCOUNT", "没有这个账号。", false},
	{domain.ErrDisabled, "DISABLED", "该账号已停用。", false},
	{domain.ErrNotGranted, "NOT_GRANTED", "该账号没有这一角色。", false},
	{domain.ErrLastOrganizer, "LAST_ORGANIZER", "这是最后一位可用的组织者，请先将组织者角色授予他人。", false},
	{domain.ErrSignIn, "SIGN_IN", "登录名、密码或验证码有误。", false},
	{domain.ErrThrottled, "THROTTLED", "尝试次数过多，请稍后再试。", true},
	{domain.ErrWeakPassword, "WEAK_PASSWORD", "密码过于简单，请换一个。", false},
	{domain.ErrInvitation, "INVITATION", "链接已使用、已过期或无效，请向组织者索取新的链接。", false},
	{domain.ErrGuide, "INVALID_GUIDE", "评分细则有误。", false},
	{domain.ErrUnknownEvent, "UNKNOWN_EVENT", "遇到未知事件，应由更新版本的程序处理。", false},
	{domain.ErrPoints, "INVALID_POINTS", "分数须为最多两位小数的数。", false},
	{domain.ErrInvalid, "INVALID_INPUT", "输入有误。", false},
	{errLostRace, "LOST_RACE", "他人同时写入，请再次发送同一命令。", true},
	{eventstore.ErrConflict, "STALE_REVISION", "记录已有变动，请查看后再定。", false},
	{eventstore.ErrDenied, "LOG_DENIED", "事件日志拒绝了本系统的凭证，请联系运维人员。", false},
	{eventstore.ErrFull, "LOG_FULL", "事件日志的存储空间已满，本次没有记录；请运维人员腾出空间，再发送同一命令。", true},
	{eventstore.ErrTooLarge, "TOO_LARGE", "一次提交的内容过大。", false},
	{eventstore.ErrOtherLog, "OTHER_LOG", "位置属于另一个事件日志。", false},
	{eventstore.ErrNoStream, "UNKNOWN_STREAM", "没有这个事件流。", false},
	{eventstore.ErrUnavailable, "LOG_UNAVAILABLE", "事件日志暂无响应，请再次发送同一命令。", true},
	{projections.ErrBehind, codeNotYet, "数据尚未更新到该位置，请稍后再试。", true},
	{projections.ErrCursor, "BAD_CURSOR", "分页游标无效。", false},
	{projections.ErrNotFound, "NOT_FOUND", "没有找到。", false},
	{criteria.ErrUnknown, "UNKNOWN_STANDARD", "没有这个标准。", false},
	{criteria.ErrUnknownGuide, "UNKNOWN_GUIDE", "没有这份评分细则。", false},
	{evidence.ErrType, "EVIDENCE_TYPE", "不是可以接收的证据文件类型（照片、PDF、录音、录像）。", false},
	{evidence.ErrSize, "EVIDENCE_TOO_LARGE", "证据文件过大。", false},
	{evidence.ErrEmpty, "EVIDENCE_EMPTY", "证据文件是空的。", false},
	{evidence.ErrInterrupted, "EVIDENCE_INTERRUPTED", "上传中断，请重新上传。", true},
	{evidence.ErrRequest, "EVIDENCE_REQUEST", "证据请求有误。", false},
	{evidence.ErrBusy, "EVIDENCE_BUSY", "同时传输的文件过多，请稍后再试。", true},
	{evidence.ErrHash, "EVIDENCE_HASH", "不是有效的 SHA-256。", false},
	{evidence.ErrUnknown, "EVIDENCE_UNKNOWN", "没有这份证据材料。", false},
	{evidence.ErrDamaged, "EVIDENCE_DAMAGED", "证据文件在存储中已损坏，请联系运维人员恢复，或重新上传同一文件。", false},
	{evidence.ErrNoClean, "EVIDENCE_NO_CLEAN", "无法生成去除元数据的副本。", false},
	{evidence.ErrUnavailable, "EVIDENCE_UNAVAILABLE", "证据存储暂时不可用，请稍后再试。", true},
	{auth.ErrNoSession, "SESSION_ENDED", "登录已失效，请重新登录。", false},
	{errRolesChanged, "ROLES_CHANGED", "您的角色已有变动，请重新连接。", true},
	{auth.ErrErased, "ACCOUNT_ERASED", "该账号的个人信息已抹除。", false},
	{auth.ErrSealed, "SEALED", "无法解密该账号的信息，请联系运维人员检查密钥库。", false},
	{context.DeadlineExceeded, "TIMEOUT", "处理超时，请稍后再试。", true},
	{context.Canceled, "CANCELED", "请求已取消。", true},
}

// refusal is an error of the request itself, made here with its code.
type refusal struct {
	code, zh, message string
	locations         []location.SourceLocation
}

// Error is the message that users see.
func (r *refusal) Error() string { return r.message }

func refuse(code, zh, format string, args ...any) *refusal {
	return &refusal{code: code, zh: zh, message: fmt.Sprintf(format, args...)}
}

// responseError is one entry of a response's errors.
type responseError struct {
	Message    string                    `json:"message"`
	Locations  []location.SourceLocation `json:"locations,omitempty"`
	Path       []any                     `json:"path,omitempty"`
	Extensions errorExtensions           `json:"extensions"`
}

// Error makes a responseError usable as an error.
func (e *responseError) Error() string { return e.Extensions.Code + ": " + e.Message }

type errorExtensions struct {
	Code  string `json:"code"`
	Zh    string `json:"zh"`
	Retry bool   `json:"retry"`
	// Position is where the read model is, for NOT_YET.
	Position string `json:"position,omitempty"`
}

// explain turns any error into what users see. What has no ruling is a mistake
// of ours: it is logged in full and shown as a reference to the log.
func explain(logger *slog.Logger, err error) *responseError {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return &responseError{Message: refused.message, Locations: refused.locations, Extensions: errorExtensions{Code: refused.code, Zh: refused.zh}}
	}
	if early, ok := errors.AsType[*notYet](err); ok {
		return &responseError{Message: early.Error(), Extensions: errorExtensions{
			Code: codeNotYet, Zh: "数据尚未更新到该位置，请稍后再试。", Retry: true, Position: early.head.String(),
		}}
	}
	if _, crashed := errors.AsType[*crash](err); !crashed {
		for _, r := range rulings {
			if errors.Is(err, r.is) {
				return &responseError{Message: err.Error(), Extensions: errorExtensions{Code: r.code, Zh: r.zh, Retry: r.retry}}
			}
		}
	}
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails, and a reference needs no secrecy
	reference := hex.EncodeToString(id)
	logger.Error("api: internal error", "reference", reference, "error", err)
	return &responseError{
		Message:    "internal error, reference " + reference,
		Extensions: errorExtensions{Code: codeInternal, Zh: "系统内部错误，请将编号 " + reference + " 告知运维人员。"},
	}
}

// explainField keeps the place that graphql-go gave an error of a field.
func explainField(logger *slog.Logger, formatted gqlerrors.FormattedError) *responseError {
	if len(formatted.Path) == 0 {
		// Without a path nothing was executed: the request and its variables do
		// not fit, in graphql-go's words.
		return &responseError{Message: formatted.Message, Locations: formatted.Locations, Extensions: errorExtensions{Code: codeVariables, Zh: "请求的变量有误。"}}
	}
	out := explain(logger, cause(formatted))
	out.Locations, out.Path = formatted.Locations, formatted.Path
	return out
}

// cause digs out the resolver's error: graphql-go wraps it in types of its own
// that do not unwrap.
func cause(err error) error {
	for {
		var inner error
		switch e := err.(type) {
		case gqlerrors.FormattedError:
			inner = e.OriginalError()
		case *gqlerrors.Error:
			inner = e.OriginalError
		case gqlerrors.Error:
			inner = e.OriginalError
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}
