package site

import (
	"strconv"

	"mingjian/domain"
)

func (f *fixture) head() object {
	var totals []domain.Entrant
	districts := []object{}
	for _, s := range f.ranking.Centers {
		e := s.Entrant
		e.District = "city"
		totals = append(totals, e)
	}
	names := map[string]string{}
	for _, d := range f.districts {
		names[d.Code] = d.Name
	}
	for _, d := range f.ranking.Districts {
		row := figuresOf(d)
		row["code"], row["name"], row["rank"] = d.District, names[d.District], nullRank(d.Rank)
		districts = append(districts, row)
	}
	return object{
		"number": f.release, "kind": f.kind, "previous": nullRank(f.release - 1), "reason": f.reason(), "engine": f.engine, "logSize": f.logSize,
		"position": "90210", "publishedAt": publishedAt, "summary": figuresOf(domain.Rank(totals).Districts[0]),
		"districts": districts,
		"round": object{
			"id": "2022", "name": "2022年社区事务受理服务中心第三方评估", "demo": f.demo,
			"assessmentPeriod": domain.Period{From: "2022-08-01", To: "2022-10-31"}, "honorPeriod": honorPeriod,
		},
	}
}

func figuresOf(d domain.DistrictStanding) object {
	out := object{"mean": nil, "median": nil, "min": nil, "max": nil, "centers": d.Centers, "ranked": d.Ranked}
	if d.Ranked > 0 {
		out["mean"], out["median"], out["min"], out["max"] = d.Mean.Round(), d.Median.Round(), d.Min, d.Max
	}
	return out
}

func nullRank(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func (f *fixture) page(after any) object {
	from := 0
	if cursor, ok := after.(string); ok {
		from, _ = strconv.Atoi(cursor)
	}
	to := min(from+100, len(f.ranking.Centers))
	edges := []object{}
	for _, s := range f.ranking.Centers[from:to] {
		c := f.centers[s.Center]
		node := object{
			"code": c.Code, "name": c.Name, "area": c.Area, "demo": c.Demo, "published": s.Complete,
			"district": object{"code": c.District, "name": f.districtName(c.District)},
			"total":    nil, "gross": nil, "deduction": nil, "cityRank": nil, "districtRank": nil,
		}
		if s.Complete {
			score := f.scores[s.Center]
			node["total"], node["gross"], node["deduction"] = score.Total, score.Gross, score.Deduction
			node["cityRank"], node["districtRank"] = s.CityRank, s.DistrictRank
		}
		edges = append(edges, object{"node": node})
	}
	return object{"centers": object{
		"totalCount": len(f.ranking.Centers), "edges": edges,
		"pageInfo": object{"hasNextPage": to < len(f.ranking.Centers), "endCursor": strconv.Itoa(to)},
	}}
}

func (f *fixture) districtName(code string) string {
	for _, d := range f.districts {
		if d.Code == code {
			return d.Name
		}
	}
	return ""
}

func (f *fixture) record(s domain.Standing) object {
	out := object{"sections": []object{}, "clauses": []object{}, "deductions": []object{}, "honors": []object{}, "appeals": []object{}, "reply": nil}
	if !s.Complete {
		return out
	}
	score := f.scores[s.Center]
	sections := make([]object, 0, len(score.Sections))
	for _, section := range score.Sections {
		indicators := []object{}
		for _, i := range score.Indicators {
			for k := range section.Section.Indicators {
				if section.Section.Indicators[k].Code == i.Indicator.Code {
					indicators = append(indicators, object{"code": i.Indicator.Code, "score": i.Score})
				}
			}
		}
		sections = append(sections, object{"code": section.Section.Code, "score": section.Score, "indicators": indicators})
	}
	out["sections"], out["clauses"] = sections, f.findings(s.Center, score, domain.Center)
	deductions, honors := []object{}, []object{}
	for _, d := range f.judged[s.Center].Deductions {
		item, _ := f.crit.Standard.DeductionItem(d.Item)
		row := object{
			"number": d.Deduction, "item": d.Item, "name": item.Name, "points": item.Points,
			"reason": d.Reason, "source": d.Source, "occurredOn": d.OccurredOn, "imposed": d.Item, "imposedPoints": item.Points,
		}
		f.dispute(s.Center, "", d.Deduction, row)
		deductions = append(deductions, row)
	}
	for _, h := range f.judged[s.Center].Honors {
		honors = append(honors, object{
			"number": h.Honor, "title": h.Title, "level": h.Level, "issuer": h.Issuer, "awardedOn": h.AwardedOn,
			"state": "accepted", "points": h.Accepted.Points, "reason": nil,
		})
	}
	out["deductions"], out["honors"], out["appeals"], out["reply"] = deductions, honors, f.appeals(s.Center), f.reply(s.Center)
	return out
}

// findings lists a subject's clauses; a center's show its district's on 7.3.
func (f *fixture) findings(subject string, score domain.Score, kind domain.SubjectKind) []object {
	out := []object{}
	for _, c := range score.Clauses {
		indicator := c.Clause.Indicator()
		if kind == domain.District && indicator.Subject != domain.District {
			continue
		}
		record := f.judged[subject]
		if indicator.Subject == domain.District {
			record = f.judged[record.Opened.District]
		}
		row := object{"code": c.Clause.Code, "outcome": c.Outcome, "points": c.Points, "evidence": 0}
		if e, ok := record.Entries[c.Clause.Code]; ok {
			row["method"], row["observedAt"], row["version"] = e.Finding.Method, e.Finding.ObservedAt, e.Version
			row["by"], row["recordedAt"], row["evidence"] = e.Stamp.By, e.Stamp.At, len(e.Finding.Evidence)
			if e.Finding.Reason != "" {
				row["reason"] = e.Finding.Reason
			}
		}
		f.dispute(record.Opened.Subject, c.Clause.Code, 0, row)
		out = append(out, row)
	}
	return out
}

func (f *fixture) standard() object {
	std := f.crit.Standard
	sections := []object{}
	for _, s := range std.Sections {
		indicators := []object{}
		for _, i := range s.Indicators {
			clauses := []object{}
			for _, c := range i.Clauses {
				row := object{
					"code": c.Code, "name": c.Name, "text": c.Text, "notApplicable": nil,
					"checklist": orEmpty(c.Checklist), "recommendations": orEmpty(c.Recommendations),
				}
				if c.NotApplicable != "" {
					row["notApplicable"] = c.NotApplicable
				}
				clauses = append(clauses, row)
			}
			indicators = append(indicators, object{
				"code": i.Code, "name": i.Name, "points": i.Points, "basis": i.Basis, "subject": i.Subject, "clauses": clauses,
			})
		}
		sections = append(sections, object{"code": s.Code, "name": s.Name, "points": s.Points, "indicators": indicators})
	}
	return object{
		"id": std.ID, "title": std.Title, "document": std.Document, "issuer": std.Issuer, "issuedOn": std.IssuedOn,
		"hash": f.crit.Hash, "points": std.Points, "sections": sections,
		"deductions": object{
			"code": std.Deductions.Code, "name": std.Deductions.Name, "text": std.Deductions.Text,
			"cap": std.Deductions.Cap, "items": std.Deductions.Items,
		},
	}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
