package projections_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// history is the roster and one whole round of it: 215 centers and their
// districts, a little over 10,000 events, of 300 to 400 bytes of data each and
// as much of metadata.
func history(b *testing.B) (*testrig.Rig, []eventstore.Recorded) {
	b.Helper()
	rig := testrig.Start(b)
	rig.Assessed(b, "2022", 1000)
	rig.Wait(b)
	return rig, rig.ReadLog(b)
}

func perEvent(b *testing.B, events int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(b.N)/float64(events), "µs/event")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCatchUp rebuilds through the client, the feed, the router and
// SQLite. Goal: 30 µs an event.
func BenchmarkCatchUp(b *testing.B) {
	rig, events := history(b)
	for b.Loop() {
		result, err := rig.Model.Rebuild(context.Background(), nil)
		if err != nil || result.Head.Seq != int64(len(events)) {
			b.Fatal(result, err)
		}
	}
	perEvent(b, len(events))
}

// BenchmarkFoldLocal folds pages that are in memory. Goal: 15 µs an event, and
// no more than 3.3 times BenchmarkScanDecodeApply.
func BenchmarkFoldLocal(b *testing.B) {
	rig, events := history(b)
	pages := pagesOf(rig.Log.Identity(), events, 512)
	for b.Loop() {
		b.StopTimer()
		local := openLocal(b, rig.Log.Identity())
		b.StartTimer()
		for _, page := range pages {
			if err := local.Fold(page); err != nil {
				b.Fatal(err)
			}
		}
	}
	perEvent(b, len(events))
}

// BenchmarkScanDecodeApply is the floor of a fold: events are scanned from
// SQLite, decoded and applied in memory, and nothing is written.
func BenchmarkScanDecodeApply(b *testing.B) {
	_, events := history(b)
	conn, err := sqlite.OpenConn(filepath.Join(b.TempDir(), "events.db"), sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenWAL)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if err := fillTable(conn, events); err != nil {
		b.Fatal(err)
	}
	codec := eventstore.NewCodec()
	adopted, err := criteria.Lookup("2022")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		records := make(map[string]*assessment.Record)
		stmt := conn.Prep("SELECT stream, type, data FROM events ORDER BY seq")
		for {
			more, err := stmt.Step()
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
			data := make([]byte, stmt.ColumnLen(2))
			stmt.ColumnBytes(2, data)
			event, err := codec.Decode(stmt.ColumnText(1), data)
			if err == nil {
				err = applyTo(records, adopted.Standard, stmt.ColumnText(0), event)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	perEvent(b, len(events))
}

func fillTable(conn *sqlite.Conn, events []eventstore.Recorded) (err error) {
	if err := sqlitex.ExecuteScript(conn, "CREATE TABLE events (seq INTEGER PRIMARY KEY, stream TEXT, type TEXT, data BLOB)", nil); err != nil {
		return err
	}
	defer sqlitex.Save(conn)(&err)
	for i, e := range events {
		if err := sqlitex.Execute(conn, "INSERT INTO events VALUES (?, ?, ?, ?)", &sqlitex.ExecOptions{
			Args: []any{i + 1, e.Stream, e.Type, e.Data},
		}); err != nil {
			return err
		}
	}
	return nil
}

func applyTo(records map[string]*assessment.Record, std *domain.Standard, stream string, event domain.Event) error {
	if _, ok := event.(*assessment.Opened); ok {
		records[stream] = assessment.NewRecord(std)
	}
	if record, ok := records[stream]; ok {
		return record.Apply(event)
	}
	return nil
}

// BenchmarkLiveLag measures from an append's answer to the event's being
// visible. Goal: p50 10 ms.
func BenchmarkLiveLag(b *testing.B) {
	rig, _ := history(b)
	rows := testrig.Roster(b, 1000)
	ctx := context.Background()
	var lags []time.Duration
	for n := 0; b.Loop(); n++ {
		receipt, err := rig.Commands.ImposeDeduction(ctx, testrig.Meta(fmt.Sprint("organizer-", uuid.New())), "2022",
			rows[n%len(rows)].Code, assessment.DeductionImposed{Item: "8.1", Reason: "负面报道", Source: "媒体", OccurredOn: "2022-09-01"})
		if err != nil {
			b.Fatal(err)
		}
		acknowledged := time.Now()
		if err := rig.Model.WaitFor(ctx, receipt.Position); err != nil {
			b.Fatal(err)
		}
		view, err := rig.Model.View(ctx)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := view.Assessment("2022", rows[n%len(rows)].Code, projections.Latest); err != nil {
			b.Fatal(err)
		}
		view.Close()
		lags = append(lags, time.Since(acknowledged))
	}
	slices.Sort(lags)
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds())/1000, "ms-p99")
}
