package demo

import (
	_ "embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

//go:embed findings.yaml
var findings []byte

// script is what the simulated assessors may write.
type script struct {
	Clauses         map[string]clauseScript `yaml:"clauses"`
	Honors          []honorScript           `yaml:"honors"`
	HonorRejections []string                `yaml:"honor_rejections"`
	Deductions      map[string][]deduction  `yaml:"deductions"`
	Revisions       []string                `yaml:"revisions"`
	NotApplicable   map[string][]string     `yaml:"not_applicable"`

	after sequel
}

type clauseScript struct {
	Method assessment.Method `yaml:"method"`
	Met    []string          `yaml:"met"`
	Losses []move            `yaml:"losses"`
	Awards []move            `yaml:"awards"`
}

// move is a number of points, as written, with its reason.
type move struct {
	Points string `yaml:"points"`
	Reason string `yaml:"reason"`
}

type honorScript struct {
	Title  string                `yaml:"title"`
	Level  assessment.HonorLevel `yaml:"level"`
	Issuer string                `yaml:"issuer"`
}

type deduction struct {
	Reason string `yaml:"reason"`
	Source string `yaml:"source"`
}

func loadScript(std *domain.Standard) (*script, error) {
	s := new(script)
	if err := yaml.UnmarshalWithOptions(findings, s, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("demo: findings.yaml: %w", err)
	}
	if err := s.after.load(); err != nil {
		return nil, err
	}
	for _, clause := range std.Clauses() {
		if clause.Indicator().Honors {
			continue
		}
		c, ok := s.Clauses[clause.Code]
		if !ok || (len(c.Losses) == 0 && len(c.Awards) == 0) {
			return nil, fmt.Errorf("demo: findings.yaml has nothing for clause %s", clause.Code)
		}
	}
	return s, nil
}

func (m move) points() (domain.Points, error) { return domain.ParsePoints(m.Points) }
