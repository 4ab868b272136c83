package demo

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"mingjian/domain"
	"mingjian/domain/appeal"
)

//go:embed appeals.yaml
var appealTexts []byte

// sequel is what people say once results were notified.
type sequel struct {
	Grounds     map[appeal.Ground]pleading  `yaml:"grounds"`
	District    pleading                    `yaml:"district"`
	Deductions  pleading                    `yaml:"deductions"`
	Votes       map[appeal.Outcome][]string `yaml:"votes"`
	Decisions   map[appeal.Outcome][]string `yaml:"decisions"`
	Withdrawals []string                    `yaml:"withdrawals"`
	Escalations []string                    `yaml:"escalations"`
	Extensions  []string                    `yaml:"extensions"`
	Recusals    struct {
		Own       []string `yaml:"own"`
		OnRequest []string `yaml:"on_request"`
	} `yaml:"recusals"`
	Replies []replyText `yaml:"replies"`
	Honors  struct {
		Withdrawals []string    `yaml:"withdrawals"`
		Joint       honorScript `yaml:"joint"`
	} `yaml:"honors"`
	Revision struct {
		Reason string `yaml:"reason"`
		Why    string `yaml:"why"`
	} `yaml:"revision"`
	Releases []releaseText `yaml:"releases"`
}

// pleading is what both parties of an appeal say, and what the panel says where
// the usual words do not fit.
type pleading struct {
	Statements  []string                    `yaml:"statements"`
	Supplements []string                    `yaml:"supplements"`
	Answers     []string                    `yaml:"answers"`
	Votes       map[appeal.Outcome][]string `yaml:"votes"`
	Decisions   map[appeal.Outcome][]string `yaml:"decisions"`
}

type replyText struct {
	Text     string `yaml:"text"`
	Redacted string `yaml:"redacted"`
	Reason   string `yaml:"reason"`
}

type releaseText struct {
	Minutes string `yaml:"minutes"`
	Reason  string `yaml:"reason"`
}

var grounds = []appeal.Ground{appeal.Fact, appeal.Evidence, appeal.Procedure, appeal.Interpretation}

// load reads the texts, and wants some for each ground and outcome.
func (s *sequel) load() error {
	if err := yaml.UnmarshalWithOptions(appealTexts, s, yaml.Strict()); err != nil {
		return fmt.Errorf("demo: appeals.yaml: %w", err)
	}
	needed := map[string]int{
		"district": s.District.least(), "deductions": s.Deductions.least(), "withdrawals": len(s.Withdrawals),
		"escalations": len(s.Escalations), "extensions": len(s.Extensions), "recusals": min(len(s.Recusals.Own), len(s.Recusals.OnRequest)),
		"replies": len(s.Replies), "honors": min(len(s.Honors.Withdrawals), len(s.Honors.Joint.Title)), "releases": len(s.Releases) / 2,
	}
	for _, ground := range grounds {
		needed[string(ground)] = s.Grounds[ground].least()
	}
	for _, outcome := range []appeal.Outcome{appeal.Upheld, appeal.PartlyUpheld, appeal.Dismissed} {
		needed[string(outcome)] = min(len(s.Votes[outcome]), len(s.Decisions[outcome]))
	}
	for what, n := range needed {
		if n == 0 {
			return fmt.Errorf("demo: appeals.yaml has nothing for %s", what)
		}
	}
	return nil
}

func (p pleading) least() int { return min(len(p.Statements), len(p.Supplements), len(p.Answers)) }

// mark tells what is said in the demo from what somebody has said.
func mark(text string) string { return "（演示）" + text }

// fill puts what an appeal is about into a text.
func (t target) fill(text string, restored domain.Points) string {
	on := "第" + t.Clause + "条"
	if t.Clause == "" {
		on = "扣分项" + t.item
	}
	return mark(strings.NewReplacer(
		"{clause}", on, "{finding}", strings.TrimSuffix(strings.TrimPrefix(t.finding, "（演示）"), "。"),
		"{lost}", t.lost.String(), "{restored}", restored.String(),
	).Replace(text))
}
