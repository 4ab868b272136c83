package domain

// Period is a span of days, both ends included, each as YYYY-MM-DD.
type Period struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Contains reports whether the day, as YYYY-MM-DD, lies in the period. Days in
// this form order as text.
func (p Period) Contains(day string) bool { return p.From <= day && day <= p.To }
