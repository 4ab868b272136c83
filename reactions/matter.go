package reactions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
	"mingjian/eventstore"
)

// occurrence is an event that people are told of.
type occurrence struct {
	eventstore.Recorded
	metadata eventstore.Metadata
	matter
}

// matter is what a stream is about, as its first event says. Names of streams
// are never taken apart.
type matter struct {
	round, subject string
	kind           domain.SubjectKind
	path           string // where in the console it is
}

var errNoMatter = errors.New("the stream does not begin with what it is about")

// matterOf reads a stream's first event.
func (l *Letters) matterOf(ctx context.Context, stream string) (matter, error) {
	for e, err := range l.config.Log.ReadStream(ctx, stream, 0) {
		if err != nil {
			return matter{}, err
		}
		event, err := l.config.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return matter{}, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		switch e := event.(type) {
		case *assessment.Opened:
			return matter{e.Round, e.Subject, e.Kind, "/rounds/" + e.Round + "/subjects/" + e.Subject}, nil
		case *appeal.Filed:
			return matter{e.Round, e.Subject, e.Kind, "/appeals/" + e.Appeal}, nil
		case *round.Opened:
			return matter{round: e.Round, path: "/rounds/" + e.Round}, nil
		}
		break
	}
	return matter{}, fmt.Errorf("%s: %w", stream, errNoMatter)
}

// demo reports whether a round is a simulated one, nobody of which is written
// to.
func (l *Letters) demo(ctx context.Context, id string) (bool, error) {
	if demo, known := l.demos[id]; known {
		return demo, nil
	}
	for e, err := range l.config.Log.ReadStream(ctx, round.StreamPrefix+id, 0) {
		if err != nil {
			return false, err
		}
		event, err := l.config.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return false, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		if opened, ok := event.(*round.Opened); ok {
			l.demos[id] = opened.Demo
			return opened.Demo, nil
		}
		break
	}
	return false, fmt.Errorf("round %s: %w", id, errNoMatter)
}

// history calls see for each event of the stream up to the occurrence.
func (l *Letters) history(ctx context.Context, o occurrence, see func(domain.Event, eventstore.Metadata)) error {
	for e, err := range l.config.Log.ReadStream(ctx, o.Stream, 0) {
		if err != nil {
			return err
		}
		event, err := l.config.Codec.Decode(e.Type, e.Data)
		if err != nil {
			return fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
		}
		metadata, err := eventstore.ReadMetadata(e)
		if err != nil {
			return err
		}
		see(event, metadata)
		if e.Revision >= o.Revision {
			break
		}
	}
	return nil
}

// lead is who leads a record's team, or all of it where nobody does.
func lead(ctx context.Context, l *Letters, o occurrence) ([]string, error) {
	var team []string
	leads := ""
	err := l.history(ctx, o, func(event domain.Event, m eventstore.Metadata) {
		account := m.Sealed[command.SealedAssessor]
		switch e := event.(type) {
		case *assessment.AssessorAssigned:
			team = append(slices.DeleteFunc(team, is(account)), account)
			switch {
			case e.Lead:
				leads = account
			case leads == account:
				leads = ""
			}
		case *assessment.AssessorRecused:
			team = slices.DeleteFunc(team, is(account))
			if leads == account {
				leads = ""
			}
		}
	})
	if leads != "" {
		return []string{leads}, err
	}
	return team, err
}

// panel is who hears an appeal at the moment.
func panel(ctx context.Context, l *Letters, o occurrence) ([]string, error) {
	var members []string
	err := l.history(ctx, o, func(event domain.Event, m eventstore.Metadata) {
		switch e := event.(type) {
		case *appeal.PanelNamed:
			members = nil
			for i := range e.Members {
				members = append(members, m.Sealed[command.SealedMember(i)])
			}
		case *appeal.ReviewerRecused:
			members = slices.DeleteFunc(members, is(m.Sealed[command.SealedRecused]))
		case *appeal.Escalated:
			members = nil
		}
	})
	return members, err
}

func is(account string) func(string) bool {
	return func(a string) bool { return a == account }
}

// Table is who is told of what, as docs/operations.md shows it.
func Table() string {
	var out strings.Builder
	out.WriteString("| 事件 event | 收信人 who gets a letter |\n|---|---|\n")
	for _, r := range rules {
		var people []string
		for _, p := range r.people {
			people = append(people, p.words)
		}
		fmt.Fprintf(&out, "| `%s` | %s |\n", r.event.EventType(), strings.Join(people, "；"))
	}
	for _, s := range silence {
		fmt.Fprintf(&out, "| `%s` | 无 nobody: %s |\n", s.event.EventType(), s.why)
	}
	return out.String()
}
