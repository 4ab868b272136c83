package sheets

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"mingjian/domain"
)

// scoreRules holds rows against the standard, so that a dry run can point to
// the cell. The assessment decides in the end, and knows more: what is recorded
// already, and who may record.
type scoreRules struct{ std *domain.Standard }

func (s scoreRules) check(r *ScoreRow, look inspection) {
	clause, ok := s.std.Clause(r.Clause)
	if !ok {
		return // at fault already
	}
	indicator := clause.Indicator()
	switch {
	case indicator.Honors:
		look.fault("clause", says("该条款只能通过认定荣誉得分，不在评分表中填写。", "This clause is awarded by accepting honors alone: leave it out."))
		return
	case indicator.Subject == domain.District && len(r.Subject) == centerDigits:
		look.fault("subject", says("条款 %s 评估的是区，请填 %d 位区代码。", "Clause %s judges the district: enter its code, %d digits.", clause.Code, districtDigits))
	case indicator.Subject == domain.Center && len(r.Subject) == districtDigits:
		look.fault("subject", says("条款 %s 评估的是受理中心，请填 %d 位中心代码。", "Clause %s judges the center: enter its code, %d digits.", clause.Code, centerDigits))
	}
	s.checkOutcome(r, clause, look)
	if (r.Outcome == domain.Lost || r.Outcome == domain.NotApplicable) && !look.filled("reason") {
		look.fault("reason", says("扣分或不适用必须说明理由。", "Losing points and not applicable need a reason."))
	}
}

func (s scoreRules) checkOutcome(r *ScoreRow, clause *domain.Clause, look inspection) {
	indicator := clause.Indicator()
	switch {
	case r.Outcome == domain.NotApplicable && clause.NotApplicable == "":
		look.fault("outcome", says("标准不允许条款 %s 按不适用处理。", "The standard does not allow not applicable on %s.", clause.Code))
	case (r.Outcome == domain.Met || r.Outcome == domain.Lost) && indicator.Basis != domain.Deduct:
		look.fault("outcome", says("条款 %s 是加分条款，请填“得分”。", "Clause %s awards points: write awarded.", clause.Code))
	case r.Outcome == domain.Awarded && indicator.Basis != domain.Award:
		look.fault("outcome", says("条款 %s 是扣分条款，请填“达标”或“扣分”。", "Clause %s loses points: write met or lost.", clause.Code))
	}
	switch r.Outcome {
	case domain.Met, domain.NotApplicable:
		if r.Points != 0 {
			look.fault("points", says("达标和不适用不能有分数，请留空。", "Met and not applicable take no points: leave it empty."))
		}
	case domain.Lost, domain.Awarded:
		switch {
		case !look.filled("points"), r.Outcome == domain.Lost && r.Points == 0:
			look.fault("points", says("必须填写扣去或得到的分数；扣分须大于 0。", "Enter the points lost or awarded; lost points are above 0."))
		case r.Points > indicator.Points:
			look.fault("points", says("超出二级指标 %s 的 %s 分。", "It is over the points of indicator %s, %s.", indicator.Code, indicator.Points))
		}
	}
}

// readItems reads numbers of the clause's checklist.
func (s scoreRules) readItems(r *ScoreRow, c cell) *message {
	clause, ok := s.std.Clause(r.Clause)
	if !ok {
		return nil // the clause is at fault already
	}
	items := len(clause.Checklist)
	if items == 0 {
		return says("条款 %s 没有检查项，请留空。", "Clause %s has no checklist: leave it empty.", clause.Code)
	}
	for _, each := range list(c.text) {
		n, err := strconv.Atoi(fold(each))
		if err != nil || n < 1 || n > items {
			return says("“%s”不是检查项的序号：须为 1 至 %d，以分号分隔。", "%q is no number of an item: 1 to %d, separated by semicolons.", cut(each), items)
		}
		if slices.Contains(r.Unmet, n) {
			return says("“%s”写了两遍。", "%q stands twice.", cut(each))
		}
		r.Unmet = append(r.Unmet, n)
	}
	slices.Sort(r.Unmet)
	return nil
}

// readCounts reads name=number, each name that of a quantity of the clause, or
// its id. Names hold enumeration commas, so only semicolons and line ends part
// them.
func (s scoreRules) readCounts(r *ScoreRow, c cell) *message {
	clause, ok := s.std.Clause(r.Clause)
	if !ok {
		return nil // the clause is at fault already
	}
	if len(clause.Measures) == 0 {
		return says("条款 %s 没有计数项，请留空。", "Clause %s counts nothing: leave it empty.", clause.Code)
	}
	counts := make(map[string]int64)
	for _, each := range split(fold(c.text), func(r rune) bool { return r == ';' || r == '\n' }) {
		name, value, _ := strings.Cut(each, "=")
		quantity := find(clause, trim(name))
		if quantity == nil {
			return says("“%[1]s”不是条款 %[2]s 的计数项，可用的有：%[3]s；写作“名称=整数”。", "%[1]q is no quantity of clause %[2]s. It has %[3]s, written name=whole number.", cut(each), clause.Code, quantities(clause))
		}
		if _, twice := counts[quantity.ID]; twice {
			return says("“%s”写了两遍。", "%q stands twice.", quantity.Name)
		}
		n, err := strconv.ParseInt(trim(value), 10, 64)
		if err != nil || n < 0 || n > maxCount {
			return says("“%s”须为 0 至 %d 的整数。", "%q must be a whole number from 0 to %d.", quantity.Name, maxCount)
		}
		counts[quantity.ID] = n
	}
	if len(counts) > 0 {
		r.Counts = counts
	}
	return nil
}

func (s scoreRules) writeCounts(r *ScoreRow) string {
	clause, ok := s.std.Clause(r.Clause)
	var out []string
	for _, id := range slices.Sorted(maps.Keys(r.Counts)) {
		name := id
		if ok {
			if quantity := find(clause, id); quantity != nil {
				name = quantity.Name
			}
		}
		out = append(out, name+"="+strconv.FormatInt(r.Counts[id], 10))
	}
	return strings.Join(out, "；")
}

// find is a clause's quantity by name or id, or nil.
func find(clause *domain.Clause, name string) *domain.Quantity {
	for i := range clause.Measures {
		inputs := clause.Measures[i].Inputs
		for j := range inputs {
			if inputs[j].ID == name || plain(inputs[j].Name) == plain(name) {
				return &inputs[j]
			}
		}
	}
	return nil
}

// quantities lists the names of what a clause counts, with their units.
func quantities(clause *domain.Clause) string {
	var names []string
	for _, measure := range clause.Measures {
		for _, input := range measure.Inputs {
			names = append(names, input.Name+"（"+input.Unit+"）")
		}
	}
	return strings.Join(names, "；")
}
