package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"mingjian/domain"
	"mingjian/eventstore"
)

// refusal is what somebody is told: a code for programs, a sentence for people.
type refusal struct {
	status  int
	code    string
	zh      string
	retry   bool // the same request may succeed later
	seconds int  // to wait before
	message string
}

// Error is the English message.
func (r *refusal) Error() string { return r.message }

func refuse(status int, code, zh, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, zh: zh, message: fmt.Sprintf(format, args...)}
}

// rulings gives errors their codes. The first that an error wraps decides.
var rulings = []struct {
	is     error
	status int
	code   string
	zh     string
	retry  bool
}{
	{domain.ErrThrottled, http.StatusTooManyRequests, "THROTTLED", "尝试次数过多，请稍后再试。", true},
	{domain.ErrSignIn, http.StatusUnauthorized, "SIGN_IN", "登录名、密码或验证码有误。", false},
	{domain.ErrDisabled, http.StatusForbidden, "DISABLED", "该账号已停用。", false},
	{domain.ErrUnknownAccount, http.StatusForbidden, "UNKNOWN_ACCOUNT", "没有这个账号，请联系组织者开通。", false},
	{domain.ErrWeakPassword, http.StatusUnprocessableEntity, "WEAK_PASSWORD", "密码太容易被猜到，请换一个。", false},
	{domain.ErrInvitation, http.StatusGone, "INVITATION", "链接已使用、已过期或无效，请向组织者索取新链接。", false},
	{domain.ErrInvalid, http.StatusBadRequest, "INVALID_INPUT", "输入有误。", false},
	{eventstore.ErrFull, http.StatusServiceUnavailable, "LOG_FULL", "事件日志的存储空间已满，请联系运维人员。", true},
	{eventstore.ErrDenied, http.StatusServiceUnavailable, "LOG_DENIED", "事件日志拒绝了本系统的凭证，请联系运维人员。", false},
	{eventstore.ErrUnavailable, http.StatusServiceUnavailable, "LOG_UNAVAILABLE", "事件日志暂无响应，请稍后再试。", true},
	{eventstore.ErrConflict, http.StatusServiceUnavailable, "LOST_RACE", "他人同时写入，请再试一次。", true},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "TIMEOUT", "处理超时，请稍后再试。", true},
	{context.Canceled, http.StatusServiceUnavailable, "CANCELED", "请求已取消。", true},
}

// explain turns an error into what people are told. What has no ruling is a
// fault of ours: it is logged in full and shown as a reference to the log.
func (h *HTTP) explain(err error) *refusal {
	if told, ok := errors.AsType[*refusal](err); ok {
		return told
	}
	for _, r := range rulings {
		if !errors.Is(err, r.is) {
			continue
		}
		out := &refusal{status: r.status, code: r.code, zh: r.zh, retry: r.retry, message: err.Error()}
		if weak, ok := errors.AsType[*WeakPasswordError](err); ok {
			out.zh = weak.Zh
		}
		if early, ok := errors.AsType[*ThrottledError](err); ok {
			out.seconds = early.Seconds()
			out.zh = fmt.Sprintf("尝试次数过多，请 %d 秒后再试。", out.seconds)
		}
		if r.is == domain.ErrSignIn {
			out.message = domain.ErrSignIn.Error() // nothing of what it was
		}
		return out
	}
	reference := rand.Text()[:12]
	h.config.Logger.Error("auth: internal error", "reference", reference, "error", err)
	return &refusal{
		status: http.StatusInternalServerError, code: "INTERNAL", message: "internal error, reference " + reference,
		zh: "系统内部错误，请将编号 " + reference + " 告知运维人员。",
	}
}

// headers tells programs when to come back.
func (told *refusal) headers(w http.ResponseWriter) {
	if told.seconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(told.seconds))
	}
}

// refuseJSON answers a program.
func (h *HTTP) refuseJSON(w http.ResponseWriter, err error) {
	type extensions struct {
		Code  string `json:"code"`
		Zh    string `json:"zh"`
		Retry bool   `json:"retry"`
		// Wait is the seconds to wait, for THROTTLED.
		Wait int `json:"wait,omitempty"`
	}
	type entry struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	told := h.explain(err)
	told.headers(w)
	writeJSON(w, told.status, struct {
		Errors []entry `json:"errors"`
	}{[]entry{{told.message, extensions{told.code, told.zh, told.retry, told.seconds}}}})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // structs of text and numbers only
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client has gone: nobody to tell
}
