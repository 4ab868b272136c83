package site

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata")

// assetHash is left out of the golden pages: a colour is not a change of content.
var assetHash = regexp.MustCompile(`-[0-9a-f]{12}\b`)

var addresses = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

// TestLinksResolve follows every address of every page: it is relative, its
// file exists, and so does the element that it points at.
func TestLinksResolve(t *testing.T) {
	t.Run("large", func(t *testing.T) { linksResolve(t, newFixture(t, fixtureOptions{roster: rosterOf(t, 2), demo: true})) })
	f := small(t, false)
	f.release = 2
	t.Run("disputed", func(t *testing.T) { linksResolve(t, f) })
}

func linksResolve(t *testing.T, f *fixture) {
	dir := t.TempDir()
	build(t, dir, f)
	files := contents(t, filepath.Join(dir, "current"))
	reached := map[string]bool{"index.html": true, "404.html": true, "release.json": true}
	for name, text := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, found := range addresses.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "//") || strings.HasPrefix(target, "/") {
				t.Errorf("%s: %s is not relative", name, found[1])
				continue
			}
			to := name
			if target != "" {
				to = path.Join(path.Dir(name), target)
			}
			linked, ok := files[to]
			if !ok {
				t.Errorf("%s: %s leads nowhere", name, found[1])
			}
			reached[to] = true
			if anchor != "" && strings.Count(linked, ` id="`+anchor+`"`) != 1 {
				t.Errorf("%s: %s points at no one element", name, found[1])
			}
		}
	}
	for name := range files {
		if !reached[name] {
			t.Errorf("no page leads to %s", name)
		}
	}
}

// TestMarksAreUnmistakable looks in every page and download for the notices of
// demo data and of a provisional release, and for none where there is nothing
// to say.
func TestMarksAreUnmistakable(t *testing.T) {
	for _, marked := range []struct{ demo, draft bool }{{true, false}, {false, true}, {true, true}, {false, false}} {
		dir := t.TempDir()
		f := small(t, marked.demo)
		f.release = 2 // so that every table has rows
		if marked.draft {
			f.kind = "provisional"
		}
		build(t, dir, f)
		for name, text := range contents(t, filepath.Join(dir, "current")) {
			if strings.HasPrefix(name, "assets/") {
				continue
			}
			for _, mark := range []struct {
				on                   bool
				notice, both, suffix string
			}{{marked.demo, noticeZh, dataNotice, demoFileMark}, {marked.draft, draftZh, draftNotice, draftFileMark}} {
				if got := strings.Contains(text, mark.notice); got != mark.on {
					t.Errorf("%+v: %s in %s: %t", marked, mark.notice, name, got)
				}
				if strings.Contains(name, mark.suffix) != (mark.on && strings.HasPrefix(name, "data/")) {
					t.Errorf("%+v: file is called %s", marked, name)
				}
				if !strings.HasSuffix(name, ".csv") {
					continue
				}
				for _, row := range readCSV(t, text)[1:] {
					if strings.Contains(row[0], mark.both) != mark.on {
						t.Errorf("%+v: %s: row %v", marked, name, row[:4])
					}
				}
			}
			if !marked.demo && strings.Contains(text, "（演示）") {
				t.Errorf("%s speaks of demo centers", name)
			}
			for _, c := range f.centers {
				named := strings.Count(text, c.Area+"社区事务受理服务中心")
				if shown := strings.Count(text, c.Name); marked.demo && named != shown {
					t.Errorf("%s: %s is named %d times, marked %d times", name, c.Area, named, shown)
				}
			}
		}
	}
}

func TestNoScriptNoStyleInline(t *testing.T) {
	dir := t.TempDir()
	build(t, dir, small(t, false))
	inline := regexp.MustCompile(`<script>|<style|\sstyle="|\son[a-z]+="|javascript:`)
	for name, text := range contents(t, filepath.Join(dir, "current")) {
		if found := inline.FindString(text); path.Ext(name) == ".html" && found != "" {
			t.Errorf("%s: %s", name, found)
		}
		if path.Ext(name) == ".html" && !strings.Contains(text, `<html lang="zh-CN">`) {
			t.Errorf("%s has no language", name)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	f.release = 2
	build(t, dir, f)
	files := contents(t, filepath.Join(dir, "current"))
	page := files["centers/310101002.html"]
	for _, name := range []string{"changes.html", "appeals.html", "index.html"} {
		if strings.Contains(files[name], "<script>alert") {
			t.Errorf("%s does not escape what somebody typed", name)
		}
	}
	if strings.Count(page, "&lt;script&gt;alert(1)&lt;/script&gt;") < 3 { // a reason, a decision's, a reply
		t.Error("the page lacks some of the hostile text")
	}
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the page does not escape a reason")
	}
	var seen bool
	for _, name := range []string{"data/clauses.csv", "data/appeals.csv"} {
		for _, row := range readCSV(t, files[name]) {
			for _, cell := range row {
				if strings.HasPrefix(cell, "=") {
					t.Errorf("a spreadsheet would run %q", cell)
				}
				seen = seen || cell == "'"+hostile
			}
		}
	}
	if !seen {
		t.Error("the hostile reason is not in clauses.csv")
	}
	if strings.Contains(files["data/release.json"], "<script>") {
		t.Error("release.json holds markup")
	}
}

func TestSafeCell(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "3.50": "3.50", "-3.50": "-3.50", "310101002": "310101002", "南京": "南京", "a=1": "a=1",
		"=1+1": "'=1+1", "+86": "'+86", "-1+1": "'-1+1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"\n=1": "'\n=1", "  =1": "'  =1", "＝1+1": "'＝1+1", "－": "'－", "-": "'-", "　=1": "'　=1",
	} {
		if got := safeCell(cell); got != want {
			t.Errorf("safeCell(%q) = %q, want %q", cell, got, want)
		}
	}
}

func TestUnpublishedCenterShowsNoScore(t *testing.T) {
	dir := t.TempDir()
	f := small(t, false)
	build(t, dir, f)
	files := contents(t, filepath.Join(dir, "current"))
	const code = "310101015"
	page := files["centers/"+code+".html"]
	if !strings.Contains(page, "未公布（复核中）") || strings.Contains(page, f.scores[code].Total.String()) {
		t.Error("the page of a center under review shows a score, or does not say why it shows none")
	}
	for _, row := range readCSV(t, files["data/clauses.csv"]) {
		if row[3] == code {
			t.Fatalf("clauses.csv holds %v", row)
		}
	}
	for _, row := range readCSV(t, files["data/centers.csv"]) {
		if row[5] == code && (row[10] != "false" || strings.Join(row[11:], "") != "" || row[3] != "" || row[4] != "") {
			t.Errorf("centers.csv holds %v", row)
		}
	}
}

// TestReleaseJSONIsWhole decodes release.json into the site's own types and
// holds it against the domain.
func TestReleaseJSONIsWhole(t *testing.T) {
	dir := t.TempDir()
	f := small(t, true)
	build(t, dir, f)
	var got struct {
		bundle
		Centers []struct {
			Code    string    `json:"code"`
			Total   *float64  `json:"total"`
			Clauses []finding `json:"clauses"`
		} `json:"centers"`
	}
	text := contents(t, filepath.Join(dir, "current"))["data/release-demo.json"]
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Demo || got.Release.LogSize != f.logSize || len(got.Standard.Sections) != 7 || len(got.Centers) != 5 {
		t.Errorf("release.json holds %+v", got.bundle)
	}
	for i, standing := range f.ranking.Centers {
		c := got.Centers[i]
		if c.Code != standing.Center || (c.Total != nil) != standing.Complete {
			t.Errorf("place %d: %+v", i, c)
		}
		if standing.Complete && len(c.Clauses) != 47 {
			t.Errorf("%s: %d clauses", c.Code, len(c.Clauses))
		}
	}
}

func readCSV(t testing.TB, text string) [][]string {
	t.Helper()
	body, ok := strings.CutPrefix(text, byteOrderMark)
	if !ok {
		t.Fatal("no byte order mark")
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestGolden keeps the outputs that readers and programs rely on.
func TestGolden(t *testing.T) {
	t.Run("first", func(t *testing.T) {
		golden(t, small(t, true), "testdata/small-demo.txtar", "release.json", "data/districts-demo.csv", "data/centers-demo.csv",
			"data/appeals-demo.csv", "data/appeal-statistics-demo.csv", "index.html", "appeals.html", "changes.html",
			"districts/310101.html", "centers/310101002.html", "centers/310101015.html")
	})
	t.Run("second", func(t *testing.T) {
		f := small(t, false)
		f.release, f.kind = 2, "correction"
		golden(t, f, "testdata/small-second.txtar", "release.json", "data/changes.csv", "data/changes.json", "index.html", "changes.html")
	})
}

func golden(t *testing.T, f *fixture, golden string, keep ...string) {
	dir := t.TempDir()
	build(t, dir, f)
	files := contents(t, filepath.Join(dir, "current"))
	var names []string
	for name := range files {
		if path.Ext(name) != ".css" && path.Ext(name) != ".js" && path.Ext(name) != ".svg" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var archive bytes.Buffer // as txtar, which is simple enough to write by hand
	archive.WriteString("All names of a small release, and its key files. go test ./site -run TestGolden -update\n\n" +
		strings.Join(names, "\n") + "\n")
	for _, name := range keep {
		archive.WriteString("-- " + name + " --\n" + assetHash.ReplaceAllString(files[name], ""))
	}
	got := archive.Bytes()
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("pages changed; look at the difference, then run with -update")
	}
}
