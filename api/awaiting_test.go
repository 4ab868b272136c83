package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"mingjian/domain"
)

const watchAwaiting = `subscription { awaiting(each: 5) { counts { kind count } items { kind round subject appeal records overdue } } }`

// TestAwaiting: each sees what awaits them, as a query and live.
func TestAwaiting(t *testing.T) {
	p := startPlatform(t)
	p.openAll()
	p.settle()
	center := theCenters[0]
	l := listen(t, p.liveServer(nil), watchAwaiting, nil)
	const nothing = `{"awaiting":{"counts":[],"items":[]}}`
	l.shows(nothing)
	p.finish(center, domain.Center, map[string]any{"1.1.1": 0.5})
	l.reaches(fmt.Sprintf(`{"awaiting":{"counts":[{"count":1,"kind":"notice"}],"items":[{"appeal":null,"kind":"notice","overdue":false,"records":1,"round":%q,"subject":null}]}}`, theRound))
	p.notify(center)
	l.reaches(nothing)
	once := p.post("/graphql", strings.Replace(watchAwaiting, "subscription", "query", 1), nil)
	if data, err := json.Marshal(once.Data); err != nil || string(data) != nothing {
		t.Errorf("asked once: %s", once.text)
	}
	kinds := func(account string) (got []string) {
		t.Helper()
		var data struct {
			Items []struct {
				Kind, Subject string
				Since         time.Time
			}
		}
		r := p.postAs(account, "/graphql", `{ awaiting { items { kind subject since due daysLeft } } }`, nil)
		must(t, json.Unmarshal(r.Data["awaiting"], &data))
		for _, item := range data.Items {
			if item.Since.IsZero() {
				t.Errorf("%s: %s", account, r.text)
			}
			got = append(got, item.Kind+" "+item.Subject)
		}
		return got
	}
	for account, want := range map[string]string{
		"center-" + center:        "appeal " + center,
		"center-" + theCenters[1]: "",
		"district-310101":         "",
		"reviewer-2":              "",
		"auditor":                 "",
	} {
		if got := strings.Join(kinds(account), ", "); got != want {
			t.Errorf("%s awaits %q, want %q", account, got, want)
		}
	}
	if got := len(kinds(assessor)); got != len(theCenters)+len(theDistricts)-1 {
		t.Errorf("%d records await the assessor", got)
	}
	for _, each := range []int{0, -1, 101} {
		if r := p.post("/graphql", fmt.Sprintf(`{ awaiting(each: %d) { items { kind } } }`, each), nil); r.code() != "INVALID_INPUT" {
			t.Errorf("%d of each: %s", each, r.text)
		}
	}
}
