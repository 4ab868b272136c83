package site

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/a-h/templ"
)

// render writes every file of a release into the tree and counts the pages.
func (s *Site) render(ctx context.Context, b *book, t *tree) (int, error) {
	for _, a := range s.assets() {
		if err := t.put(a.name, a.content); err != nil {
			return 0, err
		}
	}
	root, err := json.MarshalIndent(stampOf(b), "", "  ")
	if err != nil {
		return 0, fmt.Errorf("site: %w", err)
	}
	if err := t.put(releaseFile, append(root, '\n')); err != nil {
		return 0, err
	}
	appeals, err := s.renderCenters(ctx, b, t)
	if err != nil {
		return 0, err
	}
	// The downloads are whole now, so that the data page can name their hashes.
	pages := s.pagesOf(b, t, appeals)
	err = inOrder(ctx, renderers, pages, func(ctx context.Context, p page) (struct{}, error) {
		return struct{}{}, putPage(ctx, t, p.name, p.body)
	}, func(struct{}) error { return nil })
	return len(pages) + len(b.rows), err
}

// page is one HTML file to be.
type page struct {
	name string
	body templ.Component
}

// pagesOf lists all pages but the centers'.
func (s *Site) pagesOf(b *book, t *tree, appeals []listedAppeal) []page {
	pages := []page{
		{"index.html", homeView(newHomePage(b, s.frame(b, "", "首页", "./")))},
		{"ranking.html", rankingView(newRankingPage(b, s.frame(b, "排名", "排名", "./")))},
		{"districts/index.html", districtsView(newDistrictsPage(b, s.frame(b, "各区", "各区", "../")))},
		{"criteria.html", criteriaView(newCriteriaPage(b, s.frame(b, "标准", "标准", "./")))},
		{"appeals.html", appealsView(newAppealsPage(b, appeals, s.frame(b, "申诉统计", "申诉", "./")))},
		{"changes.html", changesView(newChangesPage(b, s.frame(b, "更正记录", "更正", "./")))},
		{"data.html", dataView(newDataPage(b, t, s.frame(b, "数据下载", "数据", "./")))},
		{"404.html", notFoundView(s.frame(b, "没有这个页面", "", "./"))},
	}
	for i := range b.Districts {
		d := &b.Districts[i]
		pages = append(pages, page{
			"districts/" + d.Code + ".html", districtView(newDistrictPage(b, d, s.frame(b, d.Name, "各区", "../"))),
		})
	}
	return pages
}

// renderCenters reads one record at a time per goroutine, renders its page, and
// appends it to the downloads in ranking order. The appeals are kept: their page
// lists all.
func (s *Site) renderCenters(ctx context.Context, b *book, t *tree) ([]listedAppeal, error) {
	downloads, err := openDownloads(b, t)
	if err != nil {
		return nil, err
	}
	appeals := b.listDistricts()
	type rendered struct {
		row *center
		rec *record
	}
	rows := make([]*center, len(b.rows))
	for i := range b.rows {
		rows[i] = &b.rows[i]
	}
	err = inOrder(ctx, renderers, rows, func(ctx context.Context, row *center) (rendered, error) {
		rec, err := s.readRecord(ctx, b, row.Code)
		if err != nil {
			return rendered{}, err
		}
		view := centerView(newCenterPage(b, row, rec, s.frame(b, row.Name, "各区", "../")))
		return rendered{row, rec}, putPage(ctx, t, "centers/"+row.Code+".html", view)
	}, func(r rendered) error {
		appeals = append(appeals, b.listCenter(r.row, r.rec)...)
		return downloads.add(r.row, r.rec)
	})
	return appeals, downloads.close(err)
}

func putPage(ctx context.Context, t *tree, name string, body templ.Component) error {
	buffer := templ.GetBuffer()
	defer templ.ReleaseBuffer(buffer)
	if err := renderPage(ctx, buffer, body); err != nil {
		return fmt.Errorf("site: %s: %w", name, err)
	}
	return t.put(name, buffer.Bytes())
}

func renderPage(ctx context.Context, buffer *bytes.Buffer, body templ.Component) error {
	if err := body.Render(ctx, buffer); err != nil {
		return err
	}
	return buffer.WriteByte('\n')
}
