package sheets_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/registry"
	"mingjian/domain/rights"
)

// What is written is what is read, in both formats, whatever people typed.
func TestRoundTrip(t *testing.T) {
	t.Run("roster", func(t *testing.T) {
		roundTrip(t, sheets.Roster(), anyCenter, func(r *registry.Row) *int { return &r.Line })
	})
	t.Run("accounts", func(t *testing.T) {
		roundTrip(t, sheets.Accounts(), anyAccount, func(r *sheets.AccountRow) *int { return &r.Line })
	})
	t.Run("assignments", func(t *testing.T) {
		roundTrip(t, sheets.Assignments(), anyAssignment, func(r *sheets.AssignmentRow) *int { return &r.Line })
	})
	t.Run("scores", func(t *testing.T) {
		roundTrip(t, sheets.Scores(standard(t)), anyScore(standard(t)), func(r *sheets.ScoreRow) *int { return &r.Line })
	})
}

func roundTrip[R any](t *testing.T, table *sheets.Table[R], rows *rapid.Generator[[]R], line func(*R) *int) {
	for name, write := range map[string]func([]R) ([]byte, error){"csv": table.WriteCSV, "xlsx": table.WriteXLSX} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			want := rows.Draw(t, "rows")
			file, err := write(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := table.Read("export", file)
			if err != nil {
				t.Fatalf("%v\nfrom %+v", err, want)
			}
			for i := range got.Rows {
				// A cell of several lines is still one row.
				if *line(&got.Rows[i]) != i+2 {
					t.Fatalf("row %d is said to be on row %d", i+2, *line(&got.Rows[i]))
				}
				*line(&want[i]) = i + 2
			}
			if diff := cmp.Diff(want, got.Rows); diff != "" {
				t.Fatal(diff)
			}
		}))
	}
}

// anyText draws what spreadsheets and CSV readers stumble over.
func anyText(most int, lines bool) *rapid.Generator[string] {
	pieces := []string{
		"标识破损", "a", "Z", "0", "=", "+", "-", "@", "＝", "'", `"`, ",", ";", "；", "、", " ", "　", "\u00a0",
		"&", "<", ">", "]]>", "_x000D_", "_x005F_", "_x0041_", "💥", "é", "é", "=1+1", "=cmd|' /C calc'!A0", `\`, "%s", "１",
	}
	if lines {
		pieces = append(pieces, "\n", "\t", "\n\n")
	}
	return rapid.Custom(func(t *rapid.T) string {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 20).Draw(t, "text"), "")
		runes := []rune(text)
		// Blanks around a value are not kept.
		return strings.TrimFunc(string(runes[:min(len(runes), most)]), unicode.IsSpace)
	})
}

func filledText(most int) *rapid.Generator[string] {
	return anyText(most, false).Filter(func(s string) bool { return s != "" })
}

var (
	centerCode   = rapid.StringMatching(`[0-9]{9}`)
	districtCode = rapid.StringMatching(`[0-9]{6}`)
	anyLogin     = rapid.StringMatching(`[a-z0-9@.=+'_张伟-]{3,20}`)
)

var anyCenter = rapid.Custom(func(t *rapid.T) []registry.Row {
	names := make(map[string]string)
	rows := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) registry.Row {
		return registry.Row{Code: centerCode.Draw(t, "code"), DistrictCode: districtCode.Draw(t, "district code"), Area: filledText(maxName).Draw(t, "area")}
	}), 1, 8, func(r registry.Row) string { return r.Code }).Draw(t, "rows")
	for i := range rows {
		code := rows[i].DistrictCode
		if names[code] == "" {
			names[code] = filledText(maxName).Draw(t, "district")
		}
		rows[i].DistrictName = names[code]
	}
	return rows
})

const maxName = 100

var anyAccount = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) sheets.AccountRow {
	row := sheets.AccountRow{
		Login: anyLogin.Draw(t, "login"),
		Name:  filledText(maxName).Draw(t, "name"),
		Mail:  rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[a-z][a-z0-9.+]{0,8}[a-z]@[a-z]{1,8}\.org`).Filter(func(s string) bool { return !strings.Contains(s, "..") })).Draw(t, "mail"),
		Phone: rapid.OneOf(rapid.Just(""), rapid.StringMatching(`(\+86 |-|\()?[0-9]{3,12}`)).Draw(t, "phone"),
	}
	held := rapid.SliceOfNDistinct(rapid.SampledFrom(rights.Roles), 1, 6, rapid.ID).Draw(t, "roles")
	for _, role := range rights.Roles {
		for _, h := range held {
			if h == role {
				row.Grants = append(row.Grants, grants(t, role)...)
			}
		}
	}
	return row
}), 1, 8, func(r sheets.AccountRow) string { return r.Login })

func grants(t *rapid.T, role rights.Role) []rights.Grant {
	code := map[rights.Role]*rapid.Generator[string]{rights.Center: centerCode, rights.District: districtCode}[role]
	if code == nil {
		return []rights.Grant{{Role: role}}
	}
	var out []rights.Grant
	for _, subject := range rapid.SliceOfNDistinct(code, 1, 3, rapid.ID).Draw(t, "subjects") {
		out = append(out, rights.Grant{Role: role, Subject: subject})
	}
	return out
}

var anyAssignment = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) sheets.AssignmentRow {
	row := sheets.AssignmentRow{Subject: centerCode.Draw(t, "center"), Login: anyLogin.Draw(t, "login"), Lead: rapid.Bool().Draw(t, "lead")}
	if rapid.Bool().Draw(t, "district") {
		row.Subject, row.All = districtCode.Draw(t, "district"), rapid.Bool().Draw(t, "all")
	}
	return row
}), 1, 8, func(r sheets.AssignmentRow) string { return r.Subject + r.Login })

func anyScore(std *domain.Standard) *rapid.Generator[[]sheets.ScoreRow] {
	var clauses []*domain.Clause
	for _, c := range std.Clauses() {
		if !c.Indicator().Honors {
			clauses = append(clauses, c)
		}
	}
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) sheets.ScoreRow {
		clause := rapid.SampledFrom(clauses).Draw(t, "clause")
		row := sheets.ScoreRow{
			Clause:     clause.Code,
			Method:     rapid.SampledFrom([]assessment.Method{assessment.SiteVisit, assessment.MysteryVisit, assessment.Documents, assessment.Interview, assessment.PhoneSampling, assessment.SystemData}).Draw(t, "method"),
			ObservedAt: time.Unix(rapid.Int64Range(946_700_000, 4_102_300_000).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC(),
			Reason:     anyText(400, true).Draw(t, "reason"),
			Override:   anyText(400, true).Draw(t, "override"),
			Evidence:   rapid.SliceOfNDistinct(rapid.StringMatching(`[0-9a-f]{64}`), 0, 3, rapid.ID).Draw(t, "evidence"),
		}
		indicator := clause.Indicator()
		row.Subject = map[domain.SubjectKind]*rapid.Generator[string]{domain.Center: centerCode, domain.District: districtCode}[indicator.Subject].Draw(t, "subject")
		row.Outcome, row.Points = domain.Awarded, domain.Points(rapid.Int64Range(0, int64(indicator.Points)).Draw(t, "points"))
		if indicator.Basis == domain.Deduct {
			row.Outcome = domain.Lost
			if row.Points == 0 {
				row.Outcome = domain.Met
			}
		}
		if row.Outcome == domain.Met && clause.NotApplicable != "" {
			row.Outcome = domain.NotApplicable
		}
		if row.Reason == "" && row.Outcome != domain.Met && row.Outcome != domain.Awarded {
			row.Reason = "有据可查"
		}
		for n := range clause.Checklist {
			if rapid.Bool().Draw(t, "unmet") {
				row.Unmet = append(row.Unmet, n+1)
			}
		}
		for _, measure := range clause.Measures {
			for _, input := range measure.Inputs {
				if rapid.Bool().Draw(t, "counted") {
					if row.Counts == nil {
						row.Counts = make(map[string]int64)
					}
					row.Counts[input.ID] = rapid.Int64Range(0, 1_000_000_000).Draw(t, "count")
				}
			}
		}
		if len(row.Evidence) == 0 {
			row.Evidence = nil
		}
		return row
	}), 1, 6, func(r sheets.ScoreRow) string { return r.Subject + "/" + r.Clause })
}
