package eventstore

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Metadata is what goes with an event and is never public.
type Metadata struct {
	// CommandID is made by the client. A command id that is in a stream already
	// is not carried out again.
	CommandID uuid.UUID `json:"commandId"`
	// Actor is the account that caused the event.
	Actor string `json:"actor"`
	// Causation is the event that a reaction answers; Correlation ties together
	// all that one command set off.
	Causation   string    `json:"causation,omitempty"`
	Correlation string    `json:"correlation"`
	ClientTime  time.Time `json:"clientTime,omitzero"`
	ServerTime  time.Time `json:"serverTime"`
	Note        string    `json:"note,omitempty"`
	// Sealed holds what an event says of persons, such as the account behind a
	// pseudonym in its data, by the name of that field.
	Sealed map[string]string `json:"sealed,omitempty"`
}

// ReadMetadata decodes an event's metadata.
func ReadMetadata(e Recorded) (Metadata, error) {
	var m Metadata
	if err := lenient.Unmarshal(e.Metadata, &m); err != nil {
		return m, fmt.Errorf("metadata of %s@%d: %w: %w", e.Stream, e.Revision, err, ErrUndecodable)
	}
	return m, nil
}

func (m Metadata) encode() ([]byte, error) {
	out, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return out, nil
}

// eventID derives an event's id from its command and the account that sent it,
// so that the same command sent again makes the same events, and one id sent by
// two accounts at once makes a conflict, not a repetition.
func eventID(command uuid.UUID, actor, stream string, index int) uuid.UUID {
	return uuid.NewSHA1(uuid.NewSHA1(command, []byte(actor)), fmt.Appendf(nil, "%s#%d", stream, index))
}
