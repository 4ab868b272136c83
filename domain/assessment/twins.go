package assessment

import (
	"fmt"
	"slices"

	"mingjian/domain"
)

// maxWith bounds how many other centers an award names.
const maxWith = 50

// Twin is another center's claim of an honor.
type Twin struct {
	Subject string
	// With are the centers that the claim says the award names too.
	With     []string
	Accepted bool
}

// Alone refuses a center's claim of an honor which other centers have claimed,
// unless the award names both, and so say both claims. A joint award is one for
// each center that it names. Who the other is stays untold: a claim is nobody
// else's to know before its result is.
func Alone(subject string, with []string, twins []Twin) error {
	for _, twin := range twins {
		if slices.Contains(with, twin.Subject) && slices.Contains(twin.With, subject) {
			continue
		}
		if twin.Accepted {
			return fmt.Errorf("another center was awarded points for this honor, and not both claims name the other: %w", domain.ErrExists)
		}
		return fmt.Errorf("another center claims this honor, and not both claims name the other: %w", domain.ErrExists)
	}
	return nil
}

// checkWith wants other centers, each once.
func (a *Assessment) checkWith(with []string) error {
	if len(with) > maxWith {
		return fmt.Errorf("an award with %d other centers, at most %d: %w", len(with), maxWith, domain.ErrInvalid)
	}
	for i, code := range with {
		if code == a.Opened.Subject || slices.Contains(with[:i], code) {
			return fmt.Errorf("an award with %.40q: each other center is named once: %w", code, domain.ErrInvalid)
		}
	}
	return nil
}
