package site

import (
	"time"

	"mingjian/domain"
)

// The shapes below are both what the GraphQL answers are decoded into and what
// release.json is written from. A nil pointer is a null: not published, or not
// ranked, which is not the same as zero.

// release is one immutable publication, without its centers.
type release struct {
	Number      int       `json:"number"`
	Kind        string    `json:"kind"`
	Previous    *int      `json:"previous"` // the release that it replaces
	Reason      string    `json:"reason"`
	Engine      string    `json:"engine"`
	LogSize     int64     `json:"logSize"`
	Position    string    `json:"position"`
	PublishedAt time.Time `json:"publishedAt"`
	Round       round     `json:"round"`
	Summary     figures   `json:"summary"`
	// Districts come in ranking order.
	Districts []district `json:"districts"`
}

// round leaves out what changes after a release (whether it is closed, later
// releases): the same release must always give the same bytes.
type round struct {
	ID               string        `json:"id"`
	Name             string        `json:"name"`
	Demo             bool          `json:"demo"`
	AssessmentPeriod domain.Period `json:"assessmentPeriod"`
	HonorPeriod      domain.Period `json:"honorPeriod"`
}

type figures struct {
	Mean    *domain.Points `json:"mean"`
	Median  *domain.Points `json:"median"`
	Min     *domain.Points `json:"min"`
	Max     *domain.Points `json:"max"`
	Centers int            `json:"centers"`
	Ranked  int            `json:"ranked"`
}

type district struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Rank *int   `json:"rank"`
	figures
	// Clauses are those that judge the district itself (7.3); Appeals are its
	// office's against them.
	Clauses []finding      `json:"clauses"`
	Appeals []appealResult `json:"appeals"`
}

// center is a row of the ranking.
type center struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Area     string `json:"area"`
	District struct {
		Code string `json:"code"`
		Name string `json:"name"`
	} `json:"district"`
	Demo bool `json:"demo"`
	// Published is false while the result is under review: all below is null.
	Published    bool           `json:"published"`
	Total        *domain.Points `json:"total"`
	Gross        *domain.Points `json:"gross"`
	Deduction    *domain.Points `json:"deduction"`
	CityRank     *int           `json:"cityRank"`
	DistrictRank *int           `json:"districtRank"`
}

// record is what a center's page holds beside its row in the ranking.
type record struct {
	Sections []struct {
		scored
		Indicators []scored `json:"indicators"`
	} `json:"sections"`
	Clauses    []finding      `json:"clauses"`
	Deductions []deduction    `json:"deductions"`
	Honors     []honor        `json:"honors"`
	Appeals    []appealResult `json:"appeals"`
	Reply      *reply         `json:"reply"`
}

type scored struct {
	Code  string        `json:"code"`
	Score domain.Points `json:"score"`
}

// finding is the standing entry on a clause; Outcome is nil while there is none.
type finding struct {
	Code       string          `json:"code"`
	Outcome    *domain.Outcome `json:"outcome"`
	Points     *domain.Points  `json:"points"`
	Method     *string         `json:"method"`
	ObservedAt *time.Time      `json:"observedAt"`
	Reason     *string         `json:"reason"`
	Evidence   int             `json:"evidence"`
	Version    *int            `json:"version"`
	By         *string         `json:"by"`
	RecordedAt *time.Time      `json:"recordedAt"`
	underAppeal
}

// underAppeal says of an entry or a deduction what appeals did to it.
type underAppeal struct {
	Pending   bool    `json:"pending"` // it stands as it was notified
	Appeal    *string `json:"appeal"`  // the newest against it
	Corrected bool    `json:"corrected"`
}

type deduction struct {
	Number     int           `json:"number"`
	Item       string        `json:"item"`
	Name       string        `json:"name"`
	Points     domain.Points `json:"points"`
	Reason     string        `json:"reason"`
	Source     string        `json:"source"`
	OccurredOn string        `json:"occurredOn"`
	underAppeal
	// Imposed is the item that was imposed, which a correction replaces.
	Imposed       string        `json:"imposed"`
	ImposedPoints domain.Points `json:"imposedPoints"`
}

type honor struct {
	Number    int            `json:"number"`
	Title     string         `json:"title"`
	Level     string         `json:"level"`
	Issuer    string         `json:"issuer"`
	AwardedOn string         `json:"awardedOn"`
	State     string         `json:"state"`
	Points    *domain.Points `json:"points"`
	Reason    *string        `json:"reason"`
}

// standard is the criteria tree as the public schema shows it.
type standard struct {
	ID         string            `json:"id"`
	Title      string            `json:"title"`
	Document   string            `json:"document"`
	Issuer     string            `json:"issuer"`
	IssuedOn   string            `json:"issuedOn"`
	Hash       string            `json:"hash"`
	Points     domain.Points     `json:"points"`
	Sections   []standardSection `json:"sections"`
	Deductions deductionRule     `json:"deductions"`
}

type standardSection struct {
	Code       string              `json:"code"`
	Name       string              `json:"name"`
	Points     domain.Points       `json:"points"`
	Indicators []standardIndicator `json:"indicators"`
}

type standardIndicator struct {
	Code    string             `json:"code"`
	Name    string             `json:"name"`
	Points  domain.Points      `json:"points"`
	Basis   domain.Basis       `json:"basis"`
	Subject domain.SubjectKind `json:"subject"`
	Clauses []standardClause   `json:"clauses"`
}

type standardClause struct {
	Code            string   `json:"code"`
	Name            string   `json:"name"`
	Text            string   `json:"text"`
	NotApplicable   *string  `json:"notApplicable"`
	Checklist       []string `json:"checklist"`
	Recommendations []string `json:"recommendations"`
}

type deductionRule struct {
	Code  string          `json:"code"`
	Name  string          `json:"name"`
	Text  string          `json:"text"`
	Cap   domain.Points   `json:"cap"`
	Items []deductionItem `json:"items"`
}

type deductionItem struct {
	Code   string        `json:"code"`
	Name   string        `json:"name"`
	Text   string        `json:"text"`
	Points domain.Points `json:"points"`
}
