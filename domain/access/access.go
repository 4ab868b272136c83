// Package access is the record of who took data out: one stream a day.
package access

import (
	"time"

	"mingjian/domain"
)

// StreamPrefix starts the name of a day's stream; the day in UTC follows as
// YYYY-MM-DD.
const StreamPrefix = "access-"

// Stream names the stream of a moment's day.
func Stream(at time.Time) string { return StreamPrefix + at.UTC().Format(time.DateOnly) }

// EvidenceStored notes that a piece of evidence arrived.
type EvidenceStored struct {
	domain.Stamp
	SHA256 string `json:"sha256"` // lower-case hex
	Type   string `json:"type"`   // media type, as sniffed
	Size   int64  `json:"size"`   // bytes
}

// EvidenceDownloaded notes that a piece of evidence went out.
type EvidenceDownloaded struct {
	domain.Stamp
	SHA256 string `json:"sha256"`
	// Clean is true for a copy without the original's metadata.
	Clean bool `json:"clean,omitempty"`
}

// Exported notes that data were taken out as a file.
type Exported struct {
	domain.Stamp
	What   string `json:"what"`            // such as "scores"
	Scope  string `json:"scope,omitempty"` // such as a round or a subject in it
	Format string `json:"format"`          // such as "xlsx"
}

// TrailViewed notes that the trail was read, with the accounts in it.
type TrailViewed struct {
	domain.Stamp
	// Stream is the one that was asked for, "" for all.
	Stream string `json:"stream,omitempty"`
	// After is the cursor from which it was read; of the command line, the
	// position.
	After string `json:"after,omitempty"`
}

// EventType is the stored name.
func (EvidenceStored) EventType() string { return "access.EvidenceStored" }

// EventType is the stored name.
func (EvidenceDownloaded) EventType() string { return "access.EvidenceDownloaded" }

// EventType is the stored name.
func (Exported) EventType() string { return "access.Exported" }

// EventType is the stored name.
func (TrailViewed) EventType() string { return "access.TrailViewed" }
