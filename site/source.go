package site

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

//go:embed queries/*.graphql
var queryFiles embed.FS

// ErrNoRelease means that the public schema knows no such release.
var ErrNoRelease = errors.New("no such release")

// codeForm is what a code must look like to become part of a file's name.
var codeForm = regexp.MustCompile(`^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$`)

// book is what a build holds in memory: the release, the standard and one short
// row per center. The centers' records are read one at a time.
type book struct {
	*release
	standard    standard
	rows        []center // in ranking order
	differences differences
	statistics  statistics
}

// document is one page's query: file queries/<file>.graphql, one operation.
type document struct{ text, operation string }

func loadDocument(file, operation string) document {
	text, err := queryFiles.ReadFile("queries/" + file + ".graphql")
	if err != nil {
		panic(err) // embedded above: cannot fail in a binary that built
	}
	return document{text: string(text), operation: operation}
}

var (
	homeDocument     = loadDocument("home", "Home")
	rankingDocument  = loadDocument("ranking", "Ranking")
	districtDocument = loadDocument("district", "District")
	centerDocument   = loadDocument("center", "Center")
	criteriaDocument = loadDocument("criteria", "Criteria")
	changesDocument  = loadDocument("changes", "Changes")
	appealsDocument  = loadDocument("appeals", "Appeals")
)

// ask runs a document about one release and decodes the release's part.
func ask[T any](ctx context.Context, src Source, doc document, round string, number int, more map[string]any) (*T, error) {
	variables := map[string]any{"round": round, "release": number}
	for name, value := range more {
		variables[name] = value
	}
	data, err := src.Execute(ctx, doc.text, doc.operation, variables)
	if err != nil {
		return nil, fmt.Errorf("site: %s of round %s release %d: %w", doc.operation, round, number, err)
	}
	var answer struct {
		Release *T `json:"release"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("site: %s of round %s release %d: %w", doc.operation, round, number, err)
	}
	if answer.Release == nil {
		return nil, fmt.Errorf("site: round %s release %d: %w", round, number, ErrNoRelease)
	}
	return answer.Release, nil
}

// read gathers all but the centers' records.
func (s *Site) read(ctx context.Context, id string, number int) (*book, error) {
	head, err := ask[release](ctx, s.source, homeDocument, id, number, nil)
	if err != nil {
		return nil, err
	}
	if head.Round.ID != id || head.Number != number {
		return nil, fmt.Errorf("site: asked for round %s release %d, got %s release %d: %w",
			id, number, head.Round.ID, head.Number, ErrNoRelease)
	}
	for i := range head.Districts {
		if err := s.readDistrict(ctx, head, &head.Districts[i]); err != nil {
			return nil, err
		}
	}
	criteria, err := ask[struct {
		Round struct {
			Standard standard `json:"standard"`
		} `json:"round"`
	}](ctx, s.source, criteriaDocument, id, number, nil)
	if err != nil {
		return nil, err
	}
	rows, err := s.readRanking(ctx, id, number)
	if err != nil {
		return nil, err
	}
	b := &book{release: head, standard: criteria.Round.Standard, rows: rows}
	if b.differences, err = s.readChanges(ctx, id, number); err != nil {
		return nil, err
	}
	stats, err := ask[struct {
		Statistics statistics `json:"appealStatistics"`
	}](ctx, s.source, appealsDocument, id, number, nil)
	if err != nil {
		return nil, err
	}
	b.statistics = stats.Statistics
	return b, nil
}

func (s *Site) readDistrict(ctx context.Context, head *release, d *district) error {
	if !codeForm.MatchString(d.Code) {
		return fmt.Errorf("site: district code %.40q cannot name a page", d.Code)
	}
	answer, err := ask[struct {
		District *district `json:"district"`
	}](ctx, s.source, districtDocument, head.Round.ID, head.Number, map[string]any{"code": d.Code})
	if err != nil {
		return err
	}
	if answer.District == nil {
		return fmt.Errorf("site: district %s is listed but not found", d.Code)
	}
	d.Clauses, d.Appeals = answer.District.Clauses, answer.District.Appeals
	return nil
}

// connection is a page of a Relay connection.
type connection[N any] struct {
	TotalCount int `json:"totalCount"`
	Edges      []struct {
		Node N `json:"node"`
	} `json:"edges"`
	PageInfo struct {
		HasNextPage bool    `json:"hasNextPage"`
		EndCursor   *string `json:"endCursor"`
	} `json:"pageInfo"`
}

// readAll pages through a connection. One that shrinks or repeats itself on the
// way is an error: a ranking must be whole.
func readAll[N any](what string, code func(N) string, next func(after map[string]any) (*connection[N], error)) ([]N, error) {
	all := []N{}
	seen := make(map[string]bool)
	more := map[string]any{}
	for {
		page, err := next(more)
		if err != nil {
			return nil, err
		}
		for _, edge := range page.Edges {
			name := code(edge.Node)
			if !codeForm.MatchString(name) || seen[name] {
				return nil, fmt.Errorf("site: center code %.40q cannot name a page, or is listed twice", name)
			}
			seen[name] = true
			all = append(all, edge.Node)
		}
		info := page.PageInfo
		if !info.HasNextPage {
			if len(all) != page.TotalCount {
				return nil, fmt.Errorf("site: the %s lists %d centers of %d", what, len(all), page.TotalCount)
			}
			return all, nil
		}
		if info.EndCursor == nil || len(page.Edges) == 0 {
			return nil, fmt.Errorf("site: the %s goes on without a cursor", what)
		}
		more["after"] = *info.EndCursor
	}
}

func (s *Site) readRanking(ctx context.Context, id string, number int) ([]center, error) {
	return readAll("ranking", func(c center) string { return c.Code }, func(more map[string]any) (*connection[center], error) {
		page, err := ask[struct {
			Centers connection[center] `json:"centers"`
		}](ctx, s.source, rankingDocument, id, number, more)
		if err != nil {
			return nil, err
		}
		return &page.Centers, nil
	})
}

func (s *Site) readChanges(ctx context.Context, id string, number int) (out differences, err error) {
	out.Centers, err = readAll("list of changes", func(c centerChange) string { return c.Code }, func(more map[string]any) (*connection[centerChange], error) {
		page, err := ask[struct {
			Changes   connection[centerChange] `json:"changes"`
			Districts []districtChange         `json:"districtChanges"`
		}](ctx, s.source, changesDocument, id, number, more)
		if err != nil {
			return nil, err
		}
		out.Districts = page.Districts
		return &page.Changes, nil
	})
	return out, err
}

// readRecord reads one center's findings; an unpublished center has none.
func (s *Site) readRecord(ctx context.Context, b *book, code string) (*record, error) {
	answer, err := ask[struct {
		Center *record `json:"center"`
	}](ctx, s.source, centerDocument, b.Round.ID, b.Number, map[string]any{"code": code})
	if err != nil {
		return nil, err
	}
	if answer.Center == nil {
		return nil, fmt.Errorf("site: center %s is ranked but not found", code)
	}
	return answer.Center, nil
}
