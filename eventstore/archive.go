package eventstore

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/google/uuid"
)

// An archive is a log as a text file: a line of JSON an event between a header
// and a trailer that counts and hashes them, so that a cut file is refused.
const (
	archiveFormat  = "mingjian-events"
	archiveVersion = 1
)

type archiveHeader struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

type archiveTrailer struct {
	Events *int64 `json:"events"`
	SHA256 string `json:"sha256"`
}

// archiveLine is an event. Data and metadata stand as they are where they are
// compact JSON, which ours always are, else in base64: the bytes never change.
type archiveLine struct {
	Stream         string          `json:"stream"`
	Revision       uint64          `json:"revision"`
	ID             uuid.UUID       `json:"id"`
	Type           string          `json:"type"`
	Data           json.RawMessage `json:"data,omitempty"`
	DataBytes      []byte          `json:"dataBase64,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	MetadataBytes  []byte          `json:"metadataBase64,omitempty"`
	archiveTrailer                 // what the last line has instead
}

// ErrArchive means that a file is no archive, or not a whole one.
var ErrArchive = errors.New("not a whole archive of events")

// WriteArchive writes events as an archive and says how many.
func WriteArchive(out io.Writer, events iter.Seq2[Recorded, error], progress func(done int64)) (int64, error) {
	w := bufio.NewWriterSize(out, 1<<16)
	if _, err := w.WriteString(archiveHead() + "\n"); err != nil {
		return 0, err
	}
	sum := NewEventHash()
	for e, err := range events {
		if err != nil {
			return sum.Events, err
		}
		line, err := appendArchiveLine(nil, e)
		if err != nil {
			return sum.Events, err
		}
		if _, err := w.Write(line); err != nil {
			return sum.Events, err
		}
		sum.Add(e)
		if progress != nil {
			progress(sum.Events)
		}
	}
	if _, err := w.WriteString(archiveTail(sum) + "\n"); err != nil {
		return sum.Events, err
	}
	return sum.Events, w.Flush()
}

func archiveHead() string {
	return fmt.Sprintf(`{"format":%q,"version":%d}`, archiveFormat, archiveVersion)
}

func archiveTail(sum *EventHash) string {
	return fmt.Sprintf(`{"events":%d,"sha256":%q}`, sum.Events, sum)
}

// appendArchiveLine refuses what could not be read back.
func appendArchiveLine(b []byte, e Recorded) ([]byte, error) {
	if !IsApplication(e.Stream) || e.Type == "" || !utf8.ValidString(e.Stream) || !utf8.ValidString(e.Type) {
		return nil, fmt.Errorf("%.80q@%d of type %.80q is no application event", e.Stream, e.Revision, e.Type)
	}
	head, err := json.Marshal(struct {
		Stream   string    `json:"stream"`
		Revision uint64    `json:"revision"`
		ID       uuid.UUID `json:"id"`
		Type     string    `json:"type"`
	}{e.Stream, e.Revision, e.ID, e.Type})
	if err != nil {
		return nil, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	b = append(b, head[:len(head)-1]...)
	b = appendArchiveField(b, "data", e.Data)
	b = appendArchiveField(b, "metadata", e.Metadata)
	return append(b, '}', '\n'), nil
}

func appendArchiveField(b []byte, name string, value []byte) []byte {
	if isCompact(value) {
		return append(fmt.Appendf(b, `,%q:`, name), value...)
	}
	return fmt.Appendf(b, `,%q:%q`, name+"Base64", base64.StdEncoding.EncodeToString(value))
}

// isCompact reports whether bytes are JSON that stays the same when it is read
// back from a line.
func isCompact(value []byte) bool {
	var compact bytes.Buffer
	return json.Compact(&compact, value) == nil && bytes.Equal(compact.Bytes(), value)
}

// maxArchiveLine is far above what one append may carry.
const maxArchiveLine = 16 << 20

// wholeLines splits a file in which every line ends, the last one too.
func wholeLines(data []byte, atEnd bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEnd && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// ReadArchive yields an archive's events. A line that is not exactly as it was
// written, or an end without a trailer that fits, is ErrArchive with the line's
// number. Events yielded before that are the archive's beginning: a caller that
// wants all or none reads it through first.
func ReadArchive(in io.Reader) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 1<<16), maxArchiveLine)
		lines.Split(wholeLines)
		sum := NewEventHash()
		number, whole := 0, false
		for lines.Scan() {
			number++
			if whole {
				yield(Recorded{}, fmt.Errorf("line %d: something follows the trailer: %w", number, ErrArchive))
				return
			}
			event, last, err := readArchiveLine(number, lines.Bytes(), sum)
			if err != nil {
				yield(Recorded{}, fmt.Errorf("line %d: %w", number, err))
				return
			}
			if whole = last; last || number == 1 {
				continue
			}
			sum.Add(event)
			if !yield(event, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Recorded{}, fmt.Errorf("line %d: %w: %w", number+1, err, ErrArchive))
			return
		}
		if !whole {
			yield(Recorded{}, fmt.Errorf("cut after line %d, no trailer: %w", number, ErrArchive))
		}
	}
}

func readArchiveLine(number int, text []byte, sum *EventHash) (event Recorded, last bool, err error) {
	if number == 1 {
		var header archiveHeader
		if err := json.Unmarshal(text, &header); err != nil || header.Format != archiveFormat {
			return event, false, fmt.Errorf("no header of %s: %w", archiveFormat, ErrArchive)
		}
		if header.Version != archiveVersion {
			return event, false, fmt.Errorf("version %d, this program reads %d: %w", header.Version, archiveVersion, ErrArchive)
		}
		if string(text) != archiveHead() {
			return event, false, fmt.Errorf("the header was changed: %w", ErrArchive)
		}
		return event, false, nil
	}
	var line archiveLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		return event, false, fmt.Errorf("%w: %w", err, ErrArchive)
	}
	if line.Events != nil {
		if *line.Events != sum.Events || line.SHA256 != sum.String() {
			return event, false, fmt.Errorf("the trailer counts %d events with SHA-256 %s, the lines are %d with %s: %w",
				*line.Events, line.SHA256, sum.Events, sum, ErrArchive)
		}
		if string(text) != archiveTail(sum) {
			return event, false, fmt.Errorf("the trailer was changed: %w", ErrArchive)
		}
		return event, true, nil
	}
	event = Recorded{Stream: line.Stream, Revision: line.Revision, ID: line.ID, Type: line.Type, Data: line.DataBytes, Metadata: line.MetadataBytes}
	if line.Data != nil {
		event.Data = line.Data
	}
	if line.Metadata != nil {
		event.Metadata = line.Metadata
	}
	// The decoder overlooks much: the case of names, what follows the object,
	// bits that base64 does not use.
	again, err := appendArchiveLine(nil, event)
	if err != nil {
		return event, false, fmt.Errorf("%w: %w", err, ErrArchive)
	}
	if !bytes.Equal(again[:len(again)-1], text) {
		return event, false, fmt.Errorf("the line was changed: %w", ErrArchive)
	}
	return event, false, nil
}
