package site

import (
	"time"

	"mingjian/domain"
)

// appealResult is an appeal as everybody may know it.
type appealResult struct {
	ID        string        `json:"id"`
	Clause    *string       `json:"clause"`    // or
	Deduction *int          `json:"deduction"` // its number,
	Item      *string       `json:"item"`      // and its item
	Lost      domain.Points `json:"lost"`
	Ground    string        `json:"ground"`
	FiledOn   string        `json:"filedOn"`
	Status    string        `json:"status"`
	DecideBy  *string       `json:"decideBy"`
	Expired   bool          `json:"expired"`
	Escalated bool          `json:"escalated"`
	Pending   bool          `json:"pending"`
	Decisions []decision    `json:"decisions"`
}

type decision struct {
	Panel     int           `json:"panel"`
	Outcome   string        `json:"outcome"`
	Restored  domain.Points `json:"restored"`
	Reasons   string        `json:"reasons"`
	DecidedOn string        `json:"decidedOn"`
}

// reply is a center's own words.
type reply struct {
	Number     int     `json:"number"`
	Text       *string `json:"text"`
	FiledOn    string  `json:"filedOn"`
	Redacted   bool    `json:"redacted"`
	Reason     *string `json:"reason"`
	RedactedOn *string `json:"redactedOn"`
}

// statistics is what appeals came to.
type statistics struct {
	Total      tally     `json:"total"`
	ByClause   []tallyOf `json:"byClause"`
	ByDistrict []tallyOf `json:"byDistrict"`
	ByGround   []tallyOf `json:"byGround"`
}

type tallyOf struct {
	Code  string `json:"code"`
	Tally tally  `json:"tally"`
}

type tally struct {
	Filed        int           `json:"filed"`
	Open         int           `json:"open"`
	Decided      int           `json:"decided"`
	Withdrawn    int           `json:"withdrawn"`
	Upheld       int           `json:"upheld"`
	PartlyUpheld int           `json:"partlyUpheld"`
	Dismissed    int           `json:"dismissed"`
	Escalated    int           `json:"escalated"`
	Expired      int           `json:"expired"`
	Lost         domain.Points `json:"lost"`
	Restored     domain.Points `json:"restored"`
	Days         struct {
		Count  int            `json:"count"`
		Sum    int            `json:"sum"`
		Min    *int           `json:"min"`
		Max    *int           `json:"max"`
		Mean   *domain.Points `json:"mean"` // hundredths of a day
		Median *domain.Points `json:"median"`
	} `json:"days"`
}

// differences is how a release differs from the one before it.
type differences struct {
	Centers   []centerChange   `json:"centers"` // in the order of the ranking, those that are gone last
	Districts []districtChange `json:"districts"`
}

type centerChange struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	District struct {
		Code string `json:"code"`
		Name string `json:"name"`
	} `json:"district"`
	Before     *standing      `json:"before"`
	After      *standing      `json:"after"`
	Difference *domain.Points `json:"difference"`
	// Effects add up to the difference.
	Effects []effect `json:"effects"`
}

type standing struct {
	Total        domain.Points `json:"total"`
	CityRank     *int          `json:"cityRank"`
	DistrictRank *int          `json:"districtRank"`
}

type effect struct {
	Seq        int64         `json:"seq"`
	Type       string        `json:"type"`
	RecordedAt time.Time     `json:"recordedAt"`
	Subject    string        `json:"subject"`
	Clause     *string       `json:"clause"`
	Deduction  *int          `json:"deduction"`
	Honor      *int          `json:"honor"`
	Appeal     *string       `json:"appeal"`
	Points     domain.Points `json:"points"`
	Total      domain.Points `json:"total"`
}

type districtChange struct {
	Code   string           `json:"code"`
	Name   string           `json:"name"`
	Before *districtFigures `json:"before"`
	After  *districtFigures `json:"after"`
}

type districtFigures struct {
	Rank   *int           `json:"rank"`
	Mean   *domain.Points `json:"mean"`
	Ranked int            `json:"ranked"`
}
