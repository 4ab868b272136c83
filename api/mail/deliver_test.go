package mail

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	letters "mingjian/domain/mail"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
)

// parsed is a letter as a mail program reads it.
type parsed struct {
	*netmail.Message
	subject, body string
}

func parse(t testing.TB, text []byte) parsed {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(text))
	must(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	must(t, err)
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || media != "text/plain" || params["charset"] != "UTF-8" || m.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("%s, %v, %s: %v", media, params, m.Header.Get("Content-Transfer-Encoding"), err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	must(t, err)
	return parsed{m, subject, strings.ReplaceAll(string(body), "\r\n", "\n")}
}

func TestDelivery(t *testing.T) {
	w := newWorld(t)
	l := w.letter()
	must(t, w.server(nil).Deliver(w.ctx, l))
	w.wantSent(l, 1)
	got := w.inbox.letters()
	if len(got) != 1 || got[0].from != "noreply@pg.example.cn" || got[0].to != readerMail {
		t.Fatalf("%+v", got)
	}
	m := parse(t, got[0].text)
	if m.subject != todo {
		t.Errorf("subject %q", m.subject)
	}
	for header, want := range map[string]string{
		"To":             "<" + readerMail + ">",
		"Message-Id":     "<" + LetterID(l.Cause, l.Account).String() + "@pg.example.cn>",
		"Auto-Submitted": "auto-generated",
		"Date":           "Mon, 10 Oct 2022 09:00:00 +0000",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if from, err := m.Header.AddressList("From"); err != nil || len(from) != 1 || from[0].Name != "明鉴" || from[0].Address != "noreply@pg.example.cn" {
		t.Errorf("from %+v, %v", from, err)
	}
	const link = "\n\nhttps://pg.example.cn/console/appeals/7?tab=vote#panel\n\n"
	if want := texts[l.Kind]; !strings.HasPrefix(m.body, want.zh+link+want.en+link) {
		t.Errorf("body:\n%s", m.body)
	}

	// Whoever asks again, also later, changes nothing.
	w.clock.set(w.clock.Now().Add(24 * time.Hour))
	must(t, w.server(nil).Deliver(w.ctx, l))
	if w.inbox.sessions() != 1 || len(w.events(l)) != 2 {
		t.Errorf("%d sessions, %d events", w.inbox.sessions(), len(w.events(l)))
	}

	// The reader's account is sealed, and the read model takes it all.
	for _, e := range w.events(l) {
		var m eventstore.Metadata
		must(t, json.Unmarshal(e.Metadata, &m))
		if m.Sealed["recipient"] != w.reader || m.Actor != Actor || m.Causation != l.Cause.String() {
			t.Errorf("%s: metadata %+v", e.Type, m)
		}
		if text := string(e.Data) + e.Stream; strings.Contains(text, w.reader) || strings.Contains(text, "example.org") {
			t.Errorf("%s says who reads it: %s", e.Type, text)
		}
	}
	w.rig.Wait(t)
	if rebuilt, err := w.rig.Model.Rebuild(w.ctx, nil); err != nil || !rebuilt.Identical() {
		t.Errorf("rebuilt: %+v, %v", rebuilt, err)
	}
}

// TestTwoServers: two servers on one log are asked for the same letters at
// once, each by several callers. Each letter is sent once.
func TestTwoServers(t *testing.T) {
	w := newWorld(t)
	second, err := eventstore.Open(w.ctx, eventstore.Config{
		Connection: eventstore.EmbeddedScheme + filepath.Join(w.rig.Dir, "log.db"), Attach: true, Logger: testrig.Quiet(),
	})
	must(t, err)
	t.Cleanup(func() { must(t, second.Close()) })
	servers := []*Sender{w.server(nil), w.server(func(c *Config) { c.Log = second })}
	const each, callers = 8, 6
	var all []Letter
	for range each {
		all = append(all, w.letter())
	}
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for _, l := range all {
				for {
					err := servers[caller%len(servers)].Deliver(w.ctx, l)
					if err == nil {
						break
					}
					if _, retry := errors.AsType[*RetryError](err); !retry || !errors.Is(err, letters.ErrClaimed) {
						t.Errorf("caller %d: %v", caller, err)
						return
					}
					time.Sleep(time.Millisecond) // the clock stands, so no claim runs out
				}
			}
		})
	}
	wait.Wait()
	ids := make(map[string]bool)
	for _, r := range w.inbox.letters() {
		ids[parse(t, r.text).Header.Get("Message-Id")] = true
	}
	if len(w.inbox.letters()) != each || len(ids) != each {
		t.Errorf("%d letters with %d ids came, want %d", len(w.inbox.letters()), len(ids), each)
	}
	for _, l := range all {
		w.wantSent(l, 1)
	}
}

// crash runs a delivery that dies at a step, as a killed server does: nothing
// that it would have done next happens.
func (w *world) crash(at step, l Letter) {
	w.Helper()
	s := w.server(nil)
	s.after = func(done step) {
		if done == at {
			panic(at)
		}
	}
	defer func() {
		if got := recover(); got != at {
			w.Fatalf("died at %v, want %s", got, at)
		}
	}()
	w.Errorf("lived on: %v", s.Deliver(w.ctx, l))
}

// TestCrashes: after a crash at each step another server waits for the claim
// to run out, finishes, and whatever came has one Message-ID.
func TestCrashes(t *testing.T) {
	for _, test := range []struct {
		at             step
		attempts, came int
	}{
		{claimed, 2, 1},
		{taken, 2, 2}, // the window: the same letter again
		{recorded, 1, 1},
	} {
		t.Run(string(test.at), func(t *testing.T) {
			w := newWorld(t)
			l := w.letter()
			w.crash(test.at, l)
			other := w.server(nil)
			if test.attempts > 1 {
				err := other.Deliver(w.ctx, l)
				if !errors.Is(err, letters.ErrClaimed) {
					t.Fatalf("while the claim runs: %v", err)
				}
				if retry := w.later(err); !retry.At.Equal(testrig.Day.Add(2 * time.Minute)) {
					t.Errorf("try again at %s", retry.At)
				}
			}
			must(t, other.Deliver(w.ctx, l))
			w.wantSent(l, test.attempts)
			w.wantOne(test.came)
		})
	}
}

// wantOne wants letters that are all the same one.
func (w *world) wantOne(came int) {
	w.Helper()
	got := w.inbox.letters()
	ids := make(map[string]bool)
	for _, r := range got {
		ids[parse(w, r.text).Header.Get("Message-Id")] = true
	}
	if len(got) != came || len(ids) != min(1, came) {
		w.Errorf("%d letters with %d ids came, want %d of one", len(got), len(ids), came)
	}
}
