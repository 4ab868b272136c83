// Package registry is the roster: the districts and centers that rounds judge.
package registry

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mingjian/domain"
)

// DistrictRegistered adds a district.
type DistrictRegistered struct {
	domain.Stamp
	Code string `json:"code"` // six digits
	Name string `json:"name"`
}

// CenterRegistered adds a center to a district.
type CenterRegistered struct {
	domain.Stamp
	Code     string `json:"code"` // nine digits
	District string `json:"district"`
	// Name is the office's full name; Area the street or town that it serves.
	Name string `json:"name"`
	Area string `json:"area"`
	// Demo marks a center of a simulated evaluation.
	Demo bool `json:"demo,omitempty"`
}

// EventType is the stored name.
func (DistrictRegistered) EventType() string { return "registry.DistrictRegistered" }

// EventType is the stored name.
func (CenterRegistered) EventType() string { return "registry.CenterRegistered" }

// Registry is the fold of the roster's events.
type Registry struct {
	Districts map[string]DistrictRegistered
	Centers   map[string]CenterRegistered
	// CenterCodes lists the centers in code order.
	CenterCodes []string
}

// New makes an empty registry.
func New() *Registry {
	return &Registry{Districts: make(map[string]DistrictRegistered), Centers: make(map[string]CenterRegistered)}
}

// Apply folds one event; an unknown one is an error and must stop the reader.
func (r *Registry) Apply(event domain.Event) error {
	switch e := event.(type) {
	case *DistrictRegistered:
		if _, twice := r.Districts[e.Code]; twice {
			return fmt.Errorf("district %s: %w", e.Code, domain.ErrExists)
		}
		r.Districts[e.Code] = *e
	case *CenterRegistered:
		if _, twice := r.Centers[e.Code]; twice {
			return fmt.Errorf("center %s: %w", e.Code, domain.ErrExists)
		}
		r.Centers[e.Code] = *e
		at, _ := slices.BinarySearch(r.CenterCodes, e.Code)
		r.CenterCodes = slices.Insert(r.CenterCodes, at, e.Code)
	default:
		return fmt.Errorf("registry: %T: %w", event, domain.ErrUnknownEvent)
	}
	return nil
}

// Lookup finds a subject by code: a center or a district.
func (r *Registry) Lookup(code string) (kind domain.SubjectKind, district string, err error) {
	if c, ok := r.Centers[code]; ok {
		return domain.Center, c.District, nil
	}
	if _, ok := r.Districts[code]; ok {
		return domain.District, code, nil
	}
	return "", "", fmt.Errorf("%.40q: %w", code, domain.ErrUnknownSubject)
}

// Subjects lists the districts and their centers, in code order; one district
// and its centers if it is given.
func (r *Registry) Subjects(district string) ([]string, error) {
	if _, ok := r.Districts[district]; !ok && district != "" {
		return nil, fmt.Errorf("district %.40q: %w", district, domain.ErrUnknownSubject)
	}
	var codes []string
	for _, code := range slices.Sorted(maps.Keys(r.Districts)) {
		if district == "" || code == district {
			codes = append(codes, code)
		}
	}
	for _, code := range r.CenterCodes {
		if district == "" || r.Centers[code].District == district {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// RegisterDistrict adds a district. The same district again changes nothing.
func (r *Registry) RegisterDistrict(by domain.Stamp, code, name string) ([]domain.Event, error) {
	if err := checkCode("district", code, 6); err != nil {
		return nil, err
	}
	if err := checkName(code, name); err != nil {
		return nil, err
	}
	if known, ok := r.Districts[code]; ok {
		if known.Name == name {
			return nil, nil
		}
		return nil, fmt.Errorf("district %s is registered as %s, not %s: %w", code, known.Name, name, domain.ErrExists)
	}
	return []domain.Event{&DistrictRegistered{Stamp: by, Code: code, Name: name}}, nil
}

// RegisterCenter adds a center for an area of a registered district. The same
// center again changes nothing.
func (r *Registry) RegisterCenter(by domain.Stamp, code, district, area string, demo bool) ([]domain.Event, error) {
	if err := checkCode("center", code, 9); err != nil {
		return nil, err
	}
	if err := checkName(code, area); err != nil {
		return nil, err
	}
	if _, ok := r.Districts[district]; !ok {
		return nil, fmt.Errorf("district %.40q of center %s: %w", district, code, domain.ErrUnknownSubject)
	}
	name := CenterName(area, demo)
	if known, ok := r.Centers[code]; ok {
		if known.Name == name && known.District == district {
			return nil, nil
		}
		return nil, fmt.Errorf("center %s is registered as %s in %s: %w", code, known.Name, known.District, domain.ErrExists)
	}
	return []domain.Event{&CenterRegistered{Stamp: by, Code: code, District: district, Name: name, Area: area, Demo: demo}}, nil
}

// Register adds all that is new of a roster, in one decision.
func (r *Registry) Register(by domain.Stamp, rows []Row, demo bool) ([]domain.Event, error) {
	grown := &Registry{
		Districts: maps.Clone(r.Districts), Centers: maps.Clone(r.Centers),
		CenterCodes: slices.Clone(r.CenterCodes),
	}
	var events []domain.Event
	for _, row := range rows {
		more, err := grown.registerRow(by, row, demo)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", row.Line, err)
		}
		events = append(events, more...)
	}
	return events, nil
}

func (r *Registry) registerRow(by domain.Stamp, row Row, demo bool) ([]domain.Event, error) {
	events, err := r.RegisterDistrict(by, row.DistrictCode, row.DistrictName)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if err := r.Apply(e); err != nil {
			return nil, err
		}
	}
	center, err := r.RegisterCenter(by, row.Code, row.DistrictCode, row.Area, demo)
	if err != nil {
		return nil, err
	}
	for _, e := range center {
		if err := r.Apply(e); err != nil {
			return nil, err
		}
	}
	return append(events, center...), nil
}

// CenterName is the full name of the office that serves an area.
func CenterName(area string, demo bool) string {
	name := area + "社区事务受理服务中心"
	if demo {
		name += "（演示）"
	}
	return name
}

func checkCode(what, code string, digits int) error {
	if len(code) != digits || strings.Trim(code, "0123456789") != "" {
		return fmt.Errorf("%s code %.40q is not %d digits: %w", what, code, digits, domain.ErrInvalid)
	}
	return nil
}

func checkName(code, name string) error {
	switch {
	case !utf8.ValidString(name):
		return fmt.Errorf("the name of %.60s is not valid UTF-8: %w", code, domain.ErrInvalid)
	case strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > 100:
		return fmt.Errorf("%.60s needs a name of at most 100 characters: %w", code, domain.ErrInvalid)
	case strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the name of %.60s begins or ends with a blank, or holds a control character: %w", code, domain.ErrInvalid)
	}
	return nil
}
