package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mingjian/domain/access"
	"mingjian/domain/rights"
	"mingjian/eventstore"
)

// exportReads is what guards each export: the read that the table names.
var exportReads = map[string]rights.Read{
	ExportRanking: rights.ReadRanking, ExportDistricts: rights.ReadRanking,
	ExportAssessments: rights.ReadAssessment, ExportFindings: rights.ReadAssessment,
	ExportDeductions: rights.ReadAssessment, ExportHonors: rights.ReadAssessment,
	ExportAppeals: rights.ReadAppeal, ExportTrail: rights.ReadTrail,
}

// fetch asks for NDJSON as a person.
func (s *stage) fetch(who *player, what, query string) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, s.as(who, localRequest(http.MethodGet, "/exports/"+what+".ndjson?"+query, "")))
	return w
}

// subjectsIn lists the subjects of the rows, each once.
func subjectsIn(t testing.TB, body []byte) []string {
	t.Helper()
	found := make(map[string]bool)
	for line := range bytes.Lines(body) {
		var row struct{ Notice, Subject string }
		must(t, json.Unmarshal(line, &row))
		if row.Notice == "" {
			found[row.Subject] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// TestExportRights tries every export as every kind of person in every role, of
// records in every state and of all at once, and compares with the table. What
// is handed out is on record, with who took it; what is refused is not, and
// tells nothing.
func TestExportRights(t *testing.T) {
	s := newStage(t)
	if got, want := slices.Sorted(maps.Keys(exportKinds)), slices.Sorted(maps.Keys(exportReads)); !slices.Equal(got, want) {
		t.Fatalf("there are %v, guards are known for %v", got, want)
	}
	exhibits := s.exhibits()
	s.settle()
	everybody := []*player{s.person("stranger"), s.person("member"), s.person("former")}
	tried, refused, handedOut := 0, 0, 0
	refusals := make(map[string]string)
	// try asks once. there says whether there is anything to hand out.
	try := func(what, query string, as casting, who *player, seen, there bool) []byte {
		t.Helper()
		tried++
		before := s.end()
		w := s.fetch(who, what, query)
		if seen && there {
			handedOut++
			if w.Code != http.StatusOK {
				t.Errorf("%s?%s by %s as %s: %d %s, the table allows it", what, query, who.name, as.name, w.Code, w.Body)
				return nil
			}
			s.onRecord(before, who, what)
			return w.Body.Bytes()
		}
		var got reply
		must(t, json.Unmarshal(w.Body.Bytes(), &got))
		if s.end() != before {
			t.Errorf("%s?%s by %s as %s was refused and is on record", what, query, who.name, as.name)
		}
		if seen {
			if got.code() != "NOT_FOUND" && got.code() != "UNKNOWN_SUBJECT" {
				t.Errorf("%s?%s by %s as %s: %s, there is none", what, query, who.name, as.name, got.text)
			}
			return nil
		}
		refused++
		if w.Code != http.StatusForbidden || got.code() != "FORBIDDEN" {
			t.Errorf("%s?%s by %s as %s: %d %s, the table refuses it", what, query, who.name, as.name, w.Code, got.text)
			return nil
		}
		key, text := string(exportReads[what])+" "+as.name, got.Errors[0].Message
		if first, known := refusals[key]; known && first != text {
			t.Errorf("%s by %s is refused as %q, at another time as %q", what, as.name, text, first)
		}
		refusals[key] = text
		return nil
	}
	for _, as := range castings {
		for _, who := range everybody {
			for _, e := range exhibits {
				s.cast(who, as.grants(e.subject)...)
				there := e.state != rights.Unopened
				for what, read := range exportReads {
					if read != rights.ReadAssessment {
						continue
					}
					body := try(what, "round="+openRound+"&subject="+e.subject, as, who, e.seen(read, as, who), there)
					if got := subjectsIn(t, body); body != nil && what != ExportDeductions && what != ExportHonors && !slices.Equal(got, []string{e.subject}) {
						t.Errorf("%s of %s by %s as %s is of %v", what, e.subject, who.name, as.name, got)
					}
				}
			}
			// All that they may see, and nothing else. The role is held for the
			// approved record, or for its district.
			at := slices.IndexFunc(exhibits, func(e exhibit) bool { return e.state == rights.Approved && e.told })
			s.cast(who, as.grants(exhibits[at].subject)...)
			var visible []string
			for _, e := range exhibits {
				held := as
				if as.holds != nil { // the role stays held for that one
					held.holds = func(string) string { return as.holds(exhibits[at].subject) }
				}
				if e.state != rights.Unopened && e.seen(rights.ReadAssessment, held, who) {
					visible = append(visible, e.subject)
				}
			}
			slices.Sort(visible)
			for what, read := range exportReads {
				switch read {
				case rights.ReadAssessment:
					body := try(what, "round="+openRound, as, who, len(visible) > 0, true)
					if got := subjectsIn(t, body); what == ExportAssessments && !slices.Equal(got, visible) {
						t.Errorf("assessments by %s as %s are of %v, want %v", who.name, as.name, got, visible)
					}
				case rights.ReadAppeal: // those that they may see, if there are any
					try(what, "round="+openRound, as, who, atAll(read, as), true)
				default:
					try(what, "round="+openRound, as, who, always(read, as), true)
				}
			}
			try(ExportTrail, "", as, who, always(rights.ReadTrail, as), true)
		}
	}
	if want := len(castings) * len(everybody) * (len(exhibits)*4 + 8 + 1); tried != want {
		t.Errorf("tried %d exports, there are %d", tried, want)
	}
	t.Logf("%d exports tried: %d handed out, %d refused", tried, handedOut, refused)
}

// atAll is whether the table lets a role look at anything of a kind, under
// whatever condition.
func atAll(read rights.Read, as casting) bool {
	return slices.ContainsFunc(rights.ReadTable, func(r rights.ReadRule) bool { return r.Read == read && r.Role == as.role })
}

// onRecord looks for the one event that an export left.
func (s *stage) onRecord(before eventstore.Position, who *player, what string) {
	s.t.Helper()
	found := 0
	for e, err := range s.log.ReadAll(s.t.Context(), before) {
		must(s.t, err)
		m, err := eventstore.ReadMetadata(e)
		must(s.t, err)
		event, err := eventstore.NewCodec().Decode(e.Type, e.Data)
		must(s.t, err)
		exported, ok := event.(*access.Exported)
		if !ok || m.Actor != who.account || exported.What != what || exported.Format != "ndjson" || !strings.HasPrefix(e.Stream, access.StreamPrefix) {
			s.t.Errorf("%s by %s left %s by %s: %+v", what, who.name, e.Type, m.Actor, event)
		}
		found++
	}
	if found != 1 {
		s.t.Errorf("%s by %s left %d events", what, who.name, found)
	}
}

// TestExportNamesItsScope: the record says what was taken.
func TestExportNamesItsScope(t *testing.T) {
	p := smallRound(t)
	before := p.end()
	p.exported("auditor", fmt.Sprintf("findings.xlsx?round=%s&district=310101&subject=%s&asOf=170", theRound, theCenters[0]))
	for e, err := range p.log.ReadAll(t.Context(), before) {
		must(t, err)
		event, err := eventstore.NewCodec().Decode(e.Type, e.Data)
		must(t, err)
		got, ok := event.(*access.Exported)
		if !ok || got.What != "findings" || got.Format != "xlsx" || got.Scope != theRound+" 310101 "+theCenters[0]+" asOf=170" {
			t.Errorf("%+v", event)
		}
		return
	}
	t.Error("nothing is on record")
}

// TestExportNeedsTheRecord: while the log takes no event nothing goes out.
func TestExportNeedsTheRecord(t *testing.T) {
	p := smallRound(t)
	must(t, p.log.Close())
	for _, path := range []string{"ranking.csv", "ranking.xlsx", "findings.ndjson", "trail.csv"} {
		w := p.download(organizer, path+"?round="+theRound)
		var refused reply
		must(t, json.Unmarshal(w.Body.Bytes(), &refused))
		if w.Code < 400 || refused.code() == "" || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %v %.100s", path, w.Code, w.Header(), w.Body)
		}
	}
}
