package auth

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
)

// jar keeps one thing in a cookie that its bearer can neither read nor change.
type jar struct {
	name     string
	codec    *securecookie.SecureCookie
	lifetime time.Duration
	sameSite http.SameSite
	secure   bool
	now      func() time.Time
}

// newJar makes the jar of a purpose, which is the same on all servers. Over TLS
// the name says by its prefix that the cookie is this host's own: no neighbour
// in the domain, and nobody on the way, can plant one.
func newJar(s *Accounts, purpose, name string, lifetime time.Duration, sameSite http.SameSite, secure bool) *jar {
	if secure {
		name = "__Host-" + name
	}
	codec := securecookie.New(s.derive(purpose+" signature"), s.derive(purpose+" encryption"))
	codec.SetSerializer(securecookie.JSONEncoder{})
	codec.MaxAge(0) // the age is checked here, by the clock that all else goes by
	return &jar{name: name, codec: codec, lifetime: lifetime, sameSite: sameSite, secure: secure, now: s.now}
}

// sealedCookie is what a cookie holds.
type sealedCookie struct {
	Issued time.Time       `json:"issued"`
	Value  json.RawMessage `json:"value"`
}

// put sets the cookie.
func (j *jar) put(w http.ResponseWriter, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	sealed, err := j.codec.Encode(j.name, sealedCookie{Issued: j.now(), Value: text})
	if err != nil {
		return err
	}
	http.SetCookie(w, j.cookie(sealed, int(j.lifetime/time.Second)))
	return nil
}

// clear makes the browser forget the cookie.
func (j *jar) clear(w http.ResponseWriter) { http.SetCookie(w, j.cookie("", -1)) }

func (j *jar) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: j.name, Value: value, Path: "/", MaxAge: maxAge, Secure: j.secure, HttpOnly: true, SameSite: j.sameSite,
	}
}

// skew is how far the clocks of two servers may differ.
const skew = 5 * time.Minute

// take reads the cookie. It is false for one that is missing, changed, too old,
// or there more than once: then one of them is not ours, and which?
func (j *jar) take(r *http.Request, into any) bool {
	found := r.CookiesNamed(j.name)
	if len(found) != 1 {
		return false
	}
	var sealed sealedCookie
	if err := j.codec.Decode(j.name, found[0].Value, &sealed); err != nil {
		return false
	}
	age := j.now().Sub(sealed.Issued)
	return age >= -skew && age < j.lifetime && json.Unmarshal(sealed.Value, into) == nil
}
