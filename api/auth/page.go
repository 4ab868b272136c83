package auth

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"mingjian/domain"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageText))
	pagePolicy   = fmt.Sprintf(
		"default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", styleHash())
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// page is what the one template shows: a form, a message, or the way on.
type page struct {
	Title, TitleEn string
	Code, Zh, En   string // of what was refused
	Token, Login   string // of the form to set a password
	Done           bool   // the password is set
	GoOn           bool   // signed in

	Style    template.CSS
	Min, Max int
}

// show writes a page. It has no scripts, and nothing outside of it is loaded.
// Its address may hold a one-time token, so no request names more of it than
// the host: with no-referrer browsers would send forms without their origin,
// and those are refused as another site's.
func (h *HTTP) show(w http.ResponseWriter, status int, p page) {
	p.Style, p.Min, p.Max = template.CSS(pageStyle), MinPassword, MaxPassword
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		h.refuseJSON(w, fmt.Errorf("auth: page: %w", err))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Referrer-Policy", "strict-origin")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the client has gone: nobody to tell
}

// showRefusal answers a person on a page.
func (h *HTTP) showRefusal(w http.ResponseWriter, p page, err error) {
	told := h.explain(err)
	told.headers(w)
	p.Code, p.Zh, p.En = told.code, told.zh, told.message
	h.show(w, told.status, p)
}

var invitationPage = page{Title: "设置密码", TitleEn: "Set your password"}

// showInvitation shows the form behind a one-time link. Looking changes nothing:
// programs that read mail ahead of people do not use the link up.
func (h *HTTP) showInvitation(w http.ResponseWriter, r *http.Request) {
	p, token := invitationPage, r.URL.Query().Get("token")
	login, err := h.config.Accounts.Invitation(r.Context(), token)
	if err != nil {
		h.showRefusal(w, p, err)
		return
	}
	p.Token, p.Login = token, login
	h.show(w, http.StatusOK, p)
}

// acceptInvitation sets the password. A password that is refused can be mended
// on the form; a link that is not good has none.
func (h *HTTP) acceptInvitation(w http.ResponseWriter, r *http.Request) {
	p := invitationPage
	if err := wantType(r, "application/x-www-form-urlencoded"); err != nil {
		h.showRefusal(w, p, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		h.showRefusal(w, p, badBody(err, "请求不是有效的表单。"))
		return
	}
	token := r.PostForm.Get("token")
	login, err := h.config.Accounts.Invitation(r.Context(), token)
	if err != nil {
		h.showRefusal(w, p, err)
		return
	}
	p.Token, p.Login = token, login
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		h.showRefusal(w, p, refuse(http.StatusUnprocessableEntity, "PASSWORDS_DIFFER", "两次输入的密码不一致。", "the two passwords differ"))
		return
	}
	if _, err := h.config.Accounts.AcceptInvitation(r.Context(), token, r.PostForm.Get("password")); err != nil {
		if errors.Is(err, domain.ErrInvitation) {
			p = invitationPage // used by somebody else meanwhile
		}
		h.showRefusal(w, p, err)
		return
	}
	p = invitationPage
	p.Done = true
	h.show(w, http.StatusOK, p)
}
