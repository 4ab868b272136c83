package api

import "mingjian/projections"

// roster is who is judged, by code, for exports.
type roster struct {
	centers   map[string]projections.CenterView
	districts map[string]string
	codes     []string // of the centers
	demo      bool     // one of them is simulated
}

// name is a subject's, or "" if nobody has the code.
func (r *roster) name(code string) string {
	if center, ok := r.centers[code]; ok {
		return center.Name
	}
	return r.districts[code]
}

func readRoster(view *projections.View) (roster, error) {
	r := roster{centers: make(map[string]projections.CenterView), districts: make(map[string]string)}
	districts, err := view.Districts()
	if err != nil {
		return r, err
	}
	for _, d := range districts {
		r.districts[d.Code] = d.Name
	}
	for center, err := range pages(view.Centers, func(after string) projections.CenterQuery { return projections.CenterQuery{After: after} }) {
		if err != nil {
			return r, err
		}
		r.centers[center.Code] = *center
		r.codes = append(r.codes, center.Code)
		r.demo = r.demo || center.Demo
	}
	return r, nil
}
