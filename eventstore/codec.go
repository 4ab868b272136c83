package eventstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/bytedance/sonic"

	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/account"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/mail"
	"mingjian/domain/registry"
	"mingjian/domain/round"
)

// ErrUndecodable means that a stored event cannot be read: its type or version
// is unknown, or its data are not what the version says. Reading must stop.
var ErrUndecodable = errors.New("the stored event cannot be decoded")

// Codec turns domain events into stored ones and back. Stored names are
// literals; stored data are JSON with the schema version first: {"v":1,…}.
type Codec struct {
	kinds map[string]kind
}

// kind is one stored name with its current version. Earlier versions are read
// too: a version adds fields that may be absent, or has an upcaster.
type kind struct {
	version int
	fresh   func() domain.Event
}

// versions has the current version of those that are past their first.
var versions = map[string]int{
	"assessment.ScoreRecorded": 2, // counts, checklist, computed, override
	"assessment.ScoreRevised":  2, // the same
	"assessment.HonorClaimed":  2, // with
	"round.Opened":             3, // guide, guideHash; calendar, days, notice
}

// NewCodec knows every event of the domain.
func NewCodec() *Codec {
	c := &Codec{kinds: make(map[string]kind)}
	for _, fresh := range []func() domain.Event{
		func() domain.Event { return new(access.EvidenceStored) },
		func() domain.Event { return new(access.EvidenceDownloaded) },
		func() domain.Event { return new(access.Exported) },
		func() domain.Event { return new(access.TrailViewed) },
		func() domain.Event { return new(account.Created) },
		func() domain.Event { return new(account.RoleGranted) },
		func() domain.Event { return new(account.RoleRevoked) },
		func() domain.Event { return new(account.Invited) },
		func() domain.Event { return new(account.CredentialSet) },
		func() domain.Event { return new(account.CredentialCleared) },
		func() domain.Event { return new(account.Disabled) },
		func() domain.Event { return new(account.Enabled) },
		func() domain.Event { return new(account.SessionOpened) },
		func() domain.Event { return new(account.SessionsRevoked) },
		func() domain.Event { return new(account.Erased) },
		func() domain.Event { return new(assessment.Opened) },
		func() domain.Event { return new(assessment.AssessorAssigned) },
		func() domain.Event { return new(assessment.AssessorRecused) },
		func() domain.Event { return new(assessment.ObservationRecorded) },
		func() domain.Event { return new(assessment.ScoreRecorded) },
		func() domain.Event { return new(assessment.ScoreRevised) },
		func() domain.Event { return new(assessment.DeductionImposed) },
		func() domain.Event { return new(assessment.DeductionLifted) },
		func() domain.Event { return new(assessment.HonorClaimed) },
		func() domain.Event { return new(assessment.HonorAccepted) },
		func() domain.Event { return new(assessment.HonorRejected) },
		func() domain.Event { return new(assessment.HonorWithdrawn) },
		func() domain.Event { return new(assessment.Submitted) },
		func() domain.Event { return new(assessment.Returned) },
		func() domain.Event { return new(assessment.Approved) },
		func() domain.Event { return new(assessment.ResultNotified) },
		func() domain.Event { return new(assessment.ScoreCorrected) },
		func() domain.Event { return new(assessment.DeductionCorrected) },
		func() domain.Event { return new(assessment.ReplyFiled) },
		func() domain.Event { return new(assessment.ReplyRedacted) },
		func() domain.Event { return new(appeal.Filed) },
		func() domain.Event { return new(appeal.PanelNamed) },
		func() domain.Event { return new(appeal.ReviewerRecused) },
		func() domain.Event { return new(appeal.EvidenceAdded) },
		func() domain.Event { return new(appeal.VoteCast) },
		func() domain.Event { return new(appeal.Decided) },
		func() domain.Event { return new(appeal.Escalated) },
		func() domain.Event { return new(appeal.Extended) },
		func() domain.Event { return new(appeal.Expired) },
		func() domain.Event { return new(appeal.Withdrawn) },
		func() domain.Event { return new(mail.Claimed) },
		func() domain.Event { return new(mail.Sent) },
		func() domain.Event { return new(mail.Abandoned) },
		func() domain.Event { return new(round.Opened) },
		func() domain.Event { return new(round.CalendarPinned) },
		func() domain.Event { return new(round.Deliberated) },
		func() domain.Event { return new(round.Published) },
		func() domain.Event { return new(round.Closed) },
		func() domain.Event { return new(registry.DistrictRegistered) },
		func() domain.Event { return new(registry.CenterRegistered) },
	} {
		name := fresh().EventType()
		c.kinds[name] = kind{version: max(1, versions[name]), fresh: fresh}
	}
	return c
}

// strict refuses fields that this version does not know, also those that
// differ in case only: a field that is silently dropped would change what an
// event means.
var strict = sonic.Config{
	DisallowUnknownFields: true, CaseSensitive: true, UseUnicodeErrors: true, CopyString: true, ValidateString: true,
}.Froze()

// lenient passes over metadata fields of later versions: they mean nothing to
// scores.
var lenient = sonic.Config{CopyString: true, ValidateString: true}.Froze()

const versionPrefix = `{"v":`

// Encode gives the stored type and data of an event.
func (c *Codec) Encode(event domain.Event) (name string, data []byte, err error) {
	name = event.EventType()
	k, ok := c.kinds[name]
	if !ok {
		return "", nil, fmt.Errorf("%s (%T) has no place in the codec: %w", name, event, domain.ErrUnknownEvent)
	}
	// encoding/json checks what it writes; this is not the hot path.
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(event); err != nil {
		return "", nil, fmt.Errorf("encode %s: %w", name, err)
	}
	fields := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	data = strconv.AppendInt([]byte(versionPrefix), int64(k.version), 10)
	if len(fields) > len("{}") {
		data = append(data, ',')
	}
	return name, append(data, fields[1:]...), nil
}

// Decode reads a stored event. Any doubt is ErrUndecodable.
func (c *Codec) Decode(name string, data []byte) (domain.Event, error) {
	k, ok := c.kinds[name]
	if !ok {
		return nil, fmt.Errorf("%.80q: %w: %w", name, domain.ErrUnknownEvent, ErrUndecodable)
	}
	version, body, err := splitVersion(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, err, ErrUndecodable)
	}
	if version < 1 || version > k.version {
		return nil, fmt.Errorf("%s: schema version %d, this program knows 1 to %d: %w", name, version, k.version, ErrUndecodable)
	}
	if version < k.version {
		if body, err = lift(name, version, body); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", name, err, ErrUndecodable)
		}
	}
	event := k.fresh()
	if err := strict.Unmarshal(body, event); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, err, ErrUndecodable)
	}
	if err := unambiguous(data); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, err, ErrUndecodable)
	}
	return event, nil
}

// splitVersion takes the version off the front. JSON that was laid out by
// other hands than ours takes the slow way.
func splitVersion(data []byte) (version int, body []byte, err error) {
	if rest, ok := bytes.CutPrefix(data, []byte(versionPrefix)); ok {
		digits := 0
		for digits < len(rest) && digits < 9 && rest[digits] >= '0' && rest[digits] <= '9' {
			version = version*10 + int(rest[digits]-'0')
			digits++
		}
		// Other than a number and more fields, the slow way knows.
		if digits > 0 && rest[0] != '0' && bytes.HasPrefix(rest[digits:], []byte(`,"`)) {
			body = append(make([]byte, 0, len(rest)), '{')
			return version, append(body, rest[digits+1:]...), nil
		}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return 0, nil, err
	}
	if err := json.Unmarshal(fields["v"], &version); err != nil {
		return 0, nil, fmt.Errorf("no schema version: %w", err)
	}
	delete(fields, "v")
	body, err = json.Marshal(fields)
	return version, body, err
}
