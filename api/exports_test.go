package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/xuri/excelize/v2"

	"mingjian/api/sheets"
	"mingjian/domain"
)

var updateExports = flag.Bool("update-exports", false, "rewrite the golden exports")

// download asks for a file as somebody.
func (p *platform) download(account, path string) *httptest.ResponseRecorder {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, as(p.t, account, localRequest(http.MethodGet, "/exports/"+path, "")))
	return w
}

// exported is a file that must be there.
func (p *platform) exported(account, path string) []byte {
	p.t.Helper()
	w := p.download(account, path)
	if w.Code != http.StatusOK {
		p.t.Fatalf("%s for %s: %d %s", path, account, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// smallRound is the round of testdata/script/small_round.txtar in cmd, whose
// numbers were worked out by hand there: 97.00, 91.50 and 98.00 for the centers,
// 94.25 and 98.00 for the districts. One record stays in work besides.
func smallRound(t testing.TB) *platform {
	p := startPlatform(t)
	p.openAll()
	first, second, third := theCenters[0], theCenters[1], theCenters[2]
	awards := func(scores []any, clause string, points any) []any {
		for i, s := range scores {
			if s.(map[string]any)["clause"] == clause {
				scores[i] = score(clause, "awarded", points)
			}
		}
		return scores
	}
	record := func(subject string, kind domain.SubjectKind, lost map[string]any, clause string, points any) {
		p.do("recordScores", on(subject, map[string]any{"scores": awards(scoresOf(kind, lost), clause, points)}))
	}
	record(first, domain.Center, map[string]any{"1.1.1": "0.50", "5.1.3": "1.00"}, "7.1", "2.00")
	record(second, domain.Center, map[string]any{"2.4": "1.00"}, "7.1", "1.50")
	record(third, domain.Center, nil, "7.1", "3.00")
	record("310101", domain.District, nil, "7.3", "3.00")
	record("310104", domain.District, nil, "7.3", "2.00")
	p.do("claimHonor", on(first, map[string]any{
		"title": "=文明窗口", "level": "municipal", "issuer": "市文明办", "awardedOn": "2021-05-01", "document": strings.Repeat("ab", 32),
	}))
	p.do("acceptHonor", on(first, map[string]any{"number": 1, "points": "0.5", "actor": "reviewer-2"}))
	p.do("imposeDeduction", on(second, map[string]any{"item": "8.1", "reason": "@媒体曝光", "source": "市级媒体", "occurredOn": "2022-05-05"}))
	for _, subject := range []string{first, second, third, "310101", "310104"} {
		p.do("submitAssessment", on(subject, nil))
		p.do("approveAssessment", on(subject, nil))
	}
	lost := score("1.1.1", "lost", "0.25")
	lost["reason"], lost["evidence"] = "＝HYPERLINK(\"x\")\n第二行", []any{strings.Repeat("cd", 32)}
	p.do("recordScores", on(theCenters[3], map[string]any{"scores": []any{lost}}))
	p.settle()
	return p
}

// What no two runs have in common.
var (
	someTime = regexp.MustCompile(`20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.?\d*Z?`)
	anyUUID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	position = regexp.MustCompile(`("position":"|^\d+,|\n\d+,)\d+(",|,assessment-)`)
	observed = "2022-06-01" // the one time that is always the same
)

func masked(text []byte) []byte {
	text = someTime.ReplaceAllFunc(text, func(at []byte) []byte {
		if bytes.HasPrefix(at, []byte(observed)) {
			return at
		}
		return []byte("TIME")
	})
	text = position.ReplaceAll(anyUUID.ReplaceAll(text, []byte("UUID")), []byte("${1}N$2"))
	return bytes.TrimPrefix(text, []byte("\ufeff")) // no text that editors keep
}

// TestExports compares the files of a small round with testdata/exports.txtar,
// and each workbook with the CSV of the same.
func TestExports(t *testing.T) {
	p := smallRound(t)
	got := &txtar.Archive{Comment: []byte("The exports of smallRound, without their byte order mark; -update-exports rewrites them.\n")}
	for _, path := range []string{
		"ranking?round=R", "ranking?round=R&district=310101", "ranking?round=R&subject=310104003", "districts?round=R",
		"assessments?round=R", "findings?round=R&subject=310104004", "deductions?round=R", "honors?round=R",
		"trail?round=R&subject=310104",
	} {
		what, query, _ := strings.Cut(strings.Replace(path, "=R", "="+theRound, 1), "?")
		for _, format := range []string{"csv", "ndjson"} {
			got.Files = append(got.Files, txtar.File{
				Name: strings.Replace(path, "?", "."+format+"?", 1), Data: masked(p.exported(organizer, what+"."+format+"?"+query)),
			})
		}
		alike(t, path, p.exported(organizer, what+".xlsx?"+query), p.exported(organizer, what+".csv?"+query))
	}
	const path = "testdata/exports.txtar"
	if *updateExports {
		must(t, errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, txtar.Format(got), 0o644)))
	}
	want, err := txtar.ParseFile(path)
	must(t, err)
	if len(got.Files) != len(want.Files) {
		t.Fatalf("%d files, want %d", len(got.Files), len(want.Files))
	}
	for i := range got.Files {
		if !bytes.Equal(got.Files[i].Data, want.Files[i].Data) {
			t.Errorf("%s is\n%s\nwant\n%s", got.Files[i].Name, got.Files[i].Data, want.Files[i].Data)
		}
	}
}

// alike compares what a workbook shows with CSV, and that points, counts and
// times are numbers in it.
func alike(t *testing.T, what string, workbook, text []byte) {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(workbook))
	must(t, err)
	defer book.Close()
	sheet := book.GetSheetName(0)
	shown, err := book.GetRows(sheet)
	must(t, err)
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	must(t, err)
	if len(shown) != len(lines) {
		t.Fatalf("%s: %d rows in the workbook, %d in CSV", what, len(shown), len(lines))
	}
	number := regexp.MustCompile(`^-?\d{1,6}(\.\d\d)?$`)
	for i, line := range lines {
		for j, want := range line {
			got := ""
			if j < len(shown[i]) {
				got = shown[i][j]
			}
			title := lines[1][j]
			if strings.Contains(title, "时间") {
				want = strings.SplitN(want, ".", 2)[0] // shown to the second
			}
			if want = strings.TrimPrefix(want, "'"); got != want {
				t.Errorf("%s: row %d %s shows %q, CSV has %q", what, i+1, title, got, want)
			}
			if i < 2 || want == "" {
				continue
			}
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			must(t, err)
			kind, err := book.GetCellType(sheet, at)
			must(t, err)
			isText := strings.Contains(title, "代码") || strings.Contains(title, "条款") && !strings.Contains(title, "数") || title == "扣分项" || title == "位置" || title == "记录所在对象"
			isNumber := !isText && number.MatchString(want) || strings.Contains(title, "时间") || strings.HasSuffix(title, "日期")
			if (kind == excelize.CellTypeInlineString) == isNumber {
				t.Errorf("%s: %s %s %q has type %d", what, at, title, want, kind)
			}
		}
	}
}

// TestExportHeaders: a file comes as an attachment with a name that the same
// position gives again.
func TestExportHeaders(t *testing.T) {
	p := smallRound(t)
	seq := p.model.Head().Seq
	var names []string
	for range 2 {
		w := p.download("auditor", fmt.Sprintf("findings.csv?round=%s&district=310101&asOf=%d", theRound, seq))
		kind, parameters, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
		must(t, err)
		if kind != "attachment" || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", w.Header())
		}
		names = append(names, parameters["filename"])
		p.settle() // the record of the first is in the read model by now
	}
	if want := regexp.MustCompile(fmt.Sprintf(`^findings-%s-310101-20\d{6}-%d-demo\.csv$`, theRound, seq)); names[0] != names[1] || !want.MatchString(names[0]) {
		t.Errorf("names %q", names)
	}
	w := p.download("auditor", "ranking.xlsx?round="+theRound)
	if w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) || !bytes.HasPrefix(w.Body.Bytes(), []byte("PK")) {
		t.Errorf("a workbook of %d bytes with %v", w.Body.Len(), w.Header())
	}
}

// TestExportRefusals: each wrong request has its own answer, and none is on
// record.
func TestExportRefusals(t *testing.T) {
	p := smallRound(t)
	before := p.end()
	for path, want := range map[string]string{
		"scores.csv?round=" + theRound:                                 "404 NOT_FOUND",
		"ranking.pdf?round=" + theRound:                                "404 NOT_FOUND",
		"ranking?round=" + theRound:                                    "404 NOT_FOUND",
		"ranking.csv.xlsx?round=" + theRound:                           "404 NOT_FOUND",
		"ranking.csv":                                                  "422 INVALID_INPUT",
		"ranking.csv?round=other":                                      "404 NOT_FOUND",
		"findings.csv?round=other":                                     "404 NOT_FOUND",
		"ranking.csv?round=" + theRound + "&district=310109":           "422 UNKNOWN_SUBJECT",
		"ranking.csv?round=" + theRound + "&subject=310101":            "422 UNKNOWN_SUBJECT",
		"districts.csv?round=" + theRound + "&subject=310101":          "422 INVALID_INPUT",
		"assessments.csv?round=" + theRound + "&subject=310101999":     "422 UNKNOWN_SUBJECT",
		"assessments.csv?asOf=1&round=" + theRound:                     "200",
		"assessments.csv?round=" + theRound + "&subject=310101&asOf=1": "404 NOT_FOUND",
		"trail.csv?subject=310101":                                     "422 INVALID_INPUT",
		"trail.csv?round=other":                                        "404 NOT_FOUND",
		"ranking.csv?asOf=-1&round=" + theRound:                        "422 INVALID_INPUT",
		"ranking.csv?asOf=x&round=" + theRound:                         "422 INVALID_INPUT",
		"ranking.csv?asOf=99999999&round=" + theRound:                  "503 NOT_YET",
		"ranking.csv?round=..%2f..%2fetc%2fpasswd":                     "404 NOT_FOUND",
		"trail.csv?round=" + theRound + "&subject=a%22%0d%0aX-Evil:+1": "422 UNKNOWN_SUBJECT",
	} {
		w := p.download(organizer, path)
		got := fmt.Sprint(w.Code)
		if w.Code != http.StatusOK {
			var refused reply
			must(t, json.Unmarshal(w.Body.Bytes(), &refused))
			got += " " + refused.code()
			if end := p.end(); end != before || w.Header().Get("Content-Disposition") != "" {
				t.Errorf("%s: refused, and the log moved from %s to %s; %v", path, before, end, w.Header())
			}
		}
		before = p.end()
		if got != want {
			t.Errorf("%s: %s, want %s: %.200s", path, got, want, w.Body)
		}
	}
	anonymous := httptest.NewRecorder()
	p.handler.ServeHTTP(anonymous, localRequest(http.MethodGet, "/exports/ranking.csv?round="+theRound, ""))
	elsewhere := as(t, organizer, localRequest(http.MethodGet, "/exports/ranking.csv?round="+theRound, ""))
	elsewhere.Header.Set("Sec-Fetch-Site", "cross-site")
	cross := httptest.NewRecorder()
	p.handler.ServeHTTP(cross, elsewhere)
	if anonymous.Code != http.StatusUnauthorized || cross.Code != http.StatusForbidden || p.end() != before {
		t.Errorf("nobody gets %d, another site's page %d", anonymous.Code, cross.Code)
	}
}

// TestExportAsOf: a ranking of a moment is the one that was shown then, and who
// sees a record from its notice on is handed out what was told, whatever is being
// changed since.
func TestExportAsOf(t *testing.T) {
	p := smallRound(t)
	untold := p.model.Head().Seq
	p.do("notifyResult", on(theCenters[0], nil))
	p.settle()
	seq := p.model.Head().Seq
	at := fmt.Sprintf("&asOf=%d", seq)
	newest := make(map[string][]byte)
	for _, what := range []string{"ranking", "districts", "assessments", "findings"} {
		newest[what] = p.exported(organizer, what+".ndjson?round="+theRound)
	}
	center := theCenters[0]
	approved := p.exported("center-"+center, "assessments.ndjson?round="+theRound)
	p.do("reviseScore", on(center, map[string]any{"supersedes": 1, "why": "群众反映", "score": score("2.3", "lost", 2)}))
	p.settle()
	revised := p.model.Head().Seq
	for what, want := range newest {
		if got := p.exported(organizer, what+".ndjson?round="+theRound+at); !bytes.Equal(got, want) {
			t.Errorf("%s as of %d:\n%s\nwas\n%s", what, seq, got, want)
		}
		if got := p.exported(organizer, what+".ndjson?round="+theRound); bytes.Equal(got, want) {
			t.Errorf("%s has not changed with a revision", what)
		}
	}
	told := func(when, asOf string) {
		t.Helper()
		if got := p.exported("center-"+center, "assessments.ndjson?round="+theRound+asOf); !bytes.Equal(got, approved) {
			t.Errorf("%s:\n%s\nwas\n%s", when, got, approved)
		}
	}
	told("void", "")
	told("void, as of the notice", at)
	p.do("approveAssessment", on(center, nil))
	p.settle()
	told("approved again, as of the notice", at)
	told("approved again, as of the revision", fmt.Sprintf("&asOf=%d", revised))
	if w := p.download("center-"+center, fmt.Sprintf("assessments.ndjson?round=%s&asOf=%d", theRound, untold)); w.Code != http.StatusForbidden {
		t.Errorf("before the notice: %d %s", w.Code, w.Body)
	}
}

// TestExportsShowWhatStands: what is under appeal says so, and a deduction that an
// appeal took back stands no more, though it keeps what was imposed; as of before
// the appeals nothing of that.
func TestExportsShowWhatStands(t *testing.T) {
	p := startPlatform(t)
	moments := p.dispute()
	column := func(what, name string, asOf int64) string {
		t.Helper()
		var values []string
		for line := range bytes.Lines(p.exported(organizer, fmt.Sprintf("%s.ndjson?round=%s&asOf=%d", what, theRound, asOf))) {
			var row map[string]any
			must(t, json.Unmarshal(line, &row))
			if row["notice"] == nil && (what == "deductions" || row[name] == true) {
				values = append(values, fmt.Sprint(row["subject"], " ", row["clause"], " ", row[name]))
			}
		}
		return strings.Join(values, ", ")
	}
	want := func(when string, asOf int64, what, name, want string) {
		t.Helper()
		if got := column(what, name, asOf); got != want {
			t.Errorf("%s: %s of %s: %q, want %q", when, name, what, got, want)
		}
	}
	first, second := theCenters[0], theCenters[1]
	released, filed, now := moments["released"].seq, moments["filed"].seq, p.model.Head().Seq
	want("before the appeals", released, "findings", "pending", "")
	want("before the appeals", released, "deductions", "pending", second+" <nil> false")
	// What the district appeals against is part of its centers' results too.
	want("filed", filed, "findings", "pending", "310101 7.3 true, "+first+" 2.3 true, "+first+" 7.3 true, "+second+" 2.2 true, "+second+" 7.3 true")
	want("decided and withdrawn", now, "findings", "pending", "310101 7.3 true, "+first+" 7.3 true, "+second+" 7.3 true")
	want("being heard", now, "deductions", "pending", second+" <nil> true")
	want("being heard", now, "deductions", "standing", second+" <nil> 8.1")
	want("being heard", now, "deductions", "standingPoints", second+" <nil> 5")

	for _, member := range []string{"reviewer-4", "reviewer-5"} {
		p.do("castVote", map[string]any{"appeal": heardAppeal, "actor": member, "restored": "5", "reason": "报道已更正"})
	}
	p.do("decideAppeal", map[string]any{"appeal": heardAppeal, "actor": "reviewer-4", "reasons": "报道已更正"})
	p.correct(heardAppeal)
	p.settle()
	now = p.model.Head().Seq
	want("taken back", now, "deductions", "pending", second+" <nil> false")
	want("taken back", now, "deductions", "item", second+" <nil> 8.1")
	want("taken back", now, "deductions", "points", second+" <nil> 5")
	want("taken back", now, "deductions", "standing", second+" <nil> <nil>")
	want("taken back", now, "deductions", "standingPoints", second+" <nil> 0")
}

// TestExportRanksAreHidden: ranks go to nobody who may not see rankings, also
// beside their own result.
func TestExportRanksAreHidden(t *testing.T) {
	p := smallRound(t)
	p.do("notifyResult", on(theCenters[0], nil))
	p.settle()
	for account, seen := range map[string]bool{organizer: true, "auditor": true, reviewer: true, assessor: false, "center-" + theCenters[0]: false, "district-310101": false} {
		text := p.exported(account, "assessments.ndjson?round="+theRound+"&subject="+theCenters[0])
		if got := bytes.Contains(text, []byte(`"cityRank":2,"districtRank":1`)); got != seen || !seen && !bytes.Contains(text, []byte(`"cityRank":null,"districtRank":null`)) {
			t.Errorf("%s sees ranks: %v, want %v: %s", account, got, seen, text)
		}
	}
}

// TestExportOfNoDemo: real data bear no notice.
func TestExportOfNoDemo(t *testing.T) {
	p := startPlatform(t)
	p.do("registerDistrict", map[string]any{"code": "310101", "name": "黄浦区"})
	p.do("registerCenter", map[string]any{"code": "310101002", "district": "310101", "area": "甲街道"})
	input := maps.Clone(openRoundInput)
	input["demo"] = false
	p.do("openRound", input)
	p.openAssessment("310101002")
	p.settle()
	for _, format := range []sheets.Format{sheets.CSV, sheets.NDJSON} {
		for _, path := range []string{"ranking.%s?round=" + theRound, "trail.%s?round=" + theRound, "trail.%s"} {
			w := p.download(organizer, fmt.Sprintf(path, format))
			if strings.Contains(w.Body.String(), "演示") || strings.Contains(w.Header().Get("Content-Disposition"), "demo") || w.Body.Len() == 0 {
				t.Errorf(path+": %v %s", format, w.Header(), w.Body)
			}
		}
	}
	// One simulated round marks the trail of all.
	input["demo"], input["round"] = true, "demo-2022"
	p.do("openRound", input)
	p.settle()
	if got := p.exported(organizer, "trail.ndjson"); !bytes.HasPrefix(got, []byte(`{"notice":"演示数据，非真实评估结果"}`+"\n")) {
		t.Errorf("%.200s", got)
	}
}

// TestTrailHasTheData: NDJSON of the trail is the log, event by event.
func TestTrailHasTheData(t *testing.T) {
	p := smallRound(t)
	lines := bytes.Split(bytes.TrimSpace(p.exported("auditor", "trail.ndjson")), []byte("\n"))
	i := 1 // after the notice
	for e, err := range p.log.ReadAll(t.Context(), 0) {
		must(t, err)
		if i == len(lines) {
			break // the export's own record came after what it shows
		}
		var got struct {
			Seq             int64
			Stream, EventID string
			Data            json.RawMessage
		}
		must(t, json.Unmarshal(lines[i], &got))
		var want bytes.Buffer
		must(t, json.Compact(&want, e.Data))
		if got.Seq != int64(i) || got.Stream != e.Stream || got.EventID != e.ID.String() || !bytes.Equal(got.Data, want.Bytes()) {
			t.Fatalf("line %d is %s, the log has %s %s %s", i+1, lines[i], e.Stream, e.ID, e.Data)
		}
		i++
	}
	if i != len(lines) || int64(i-1) < p.model.Head().Seq-1 {
		t.Errorf("%d lines, %d events were read", len(lines), i)
	}
	if strings.Contains(string(bytes.Join(lines, nil)), `"sealed"`) {
		t.Error("metadata are in the export")
	}
}
