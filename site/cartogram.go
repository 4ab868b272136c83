package site

import (
	"fmt"
	"strings"

	"mingjian/domain"
)

// tilePlaces lays out Shanghai's districts as tiles, column and row from 1:
// roughly where they lie, not a map.
var tilePlaces = map[string][2]int{
	"310151": {5, 1},
	"310114": {2, 2}, "310113": {3, 2},
	"310107": {2, 3}, "310106": {3, 3}, "310109": {4, 3}, "310110": {5, 3},
	"310118": {1, 4}, "310105": {2, 4}, "310104": {3, 4}, "310101": {4, 4}, "310115": {5, 4},
	"310117": {2, 5}, "310112": {3, 5}, "310120": {4, 5},
	"310116": {2, 6},
}

// tile is one district of the cartogram.
type tile struct {
	Code, Name, Mean string
	Column, Row      int
	Shade            int // 1 to 5, 0 where nothing is ranked
}

// scale cuts the districts' means into steps of equal width. It works on the
// means as displayed, so that two tiles with the same number share a shade.
type scale struct {
	From, Step domain.Points
	Count      int
}

// scaleSteps are the widths that read well.
var scaleSteps = []domain.Points{10, 20, 50, 100, 200, 500, 1000, 2000}

const shades = 5

func newScale(values []domain.Points) scale {
	if len(values) == 0 {
		return scale{}
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	for _, step := range scaleSteps {
		from := low / step * step
		if high < from+shades*step {
			return scale{From: from, Step: step, Count: int((high-from)/step) + 1}
		}
	}
	return scale{From: 0, Step: 2000, Count: shades}
}

func (s scale) shade(v domain.Points) int {
	if s.Count == 0 {
		return 0
	}
	// The darkest shades are used first, so that a short scale stays legible.
	return shades - s.Count + min(s.Count, int((v-s.From)/s.Step)+1)
}

// legendStep is one shade with the means that it stands for.
type legendStep struct {
	Shade    int
	From, To string
}

func (s scale) legend() []legendStep {
	steps := make([]legendStep, 0, s.Count)
	for i := range s.Count {
		from := s.From + domain.Points(i)*s.Step
		steps = append(steps, legendStep{
			Shade: s.shade(from), From: from.String(), To: (from + s.Step - 1).String(),
		})
	}
	return steps
}

// cartogram is nil unless every district has a place: a round elsewhere, or a
// new district, gets the table alone.
type cartogram struct {
	Tiles  []tile
	Legend []legendStep
}

func newCartogram(districts []district) *cartogram {
	var means []domain.Points
	for i := range districts {
		if _, ok := tilePlaces[districts[i].Code]; !ok {
			return nil
		}
		if m := districts[i].Mean; m != nil {
			means = append(means, *m)
		}
	}
	if len(districts) == 0 {
		return nil
	}
	scale := newScale(means)
	out := &cartogram{Legend: scale.legend()}
	for i := range districts {
		d := &districts[i]
		place := tilePlaces[d.Code]
		t := tile{Code: d.Code, Name: shortDistrict(d.Name), Mean: points(d.Mean), Column: place[0], Row: place[1]}
		if d.Mean != nil {
			t.Shade = scale.shade(*d.Mean)
		}
		out.Tiles = append(out.Tiles, t)
	}
	return out
}

func (t tile) class() string {
	return fmt.Sprintf("tile col-%d row-%d shade-%d", t.Column, t.Row, t.Shade)
}

// shortDistrict drops what all tiles share: 浦东新区 is 浦东.
func shortDistrict(name string) string {
	short := strings.TrimSuffix(strings.TrimSuffix(name, "新区"), "区")
	if short == "" {
		return name
	}
	return short
}
