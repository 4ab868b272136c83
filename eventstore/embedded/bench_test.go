package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
)

const benchBytes = 500

// parallel runs f b.N times, shared out among writers.
func parallel(b *testing.B, writers int, f func(writer int) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(w); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
}

func reportEvents(b *testing.B, perOp int) {
	b.ReportMetric(float64(b.N*perOp)/b.Elapsed().Seconds(), "events/s")
}

var shapes = []struct{ writers, batch int }{{1, 1}, {16, 1}, {64, 1}, {1, 100}, {16, 100}}

// BenchmarkAppend appends through the official client, over a unix socket and over TCP.
func BenchmarkAppend(b *testing.B) {
	for _, listen := range []string{"", "127.0.0.1:0"} {
		for _, s := range shapes {
			network := "unix"
			if listen != "" {
				network = "tcp"
			}
			b.Run(fmt.Sprintf("%s/writers=%d/batch=%d", network, s.writers, s.batch), func(b *testing.B) {
				client := connect(b, startNode(b, Config{Listen: listen}).Address())
				next := make([]esdb.ExpectedRevision, s.writers)
				latencies := make([][]time.Duration, s.writers)
				parallel(b, s.writers, func(w int) error {
					if next[w] == nil {
						next[w] = esdb.NoStream{}
					}
					began := time.Now()
					r, err := client.AppendToStream(context.Background(), fmt.Sprintf("bench-%d", w),
						esdb.AppendToStreamOptions{ExpectedRevision: next[w]}, events(s.batch, benchBytes)...)
					if err == nil {
						next[w] = esdb.Revision(r.NextExpectedVersion)
						latencies[w] = append(latencies[w], time.Since(began))
					}
					return err
				})
				reportEvents(b, s.batch)
				reportQuantiles(b, slices.Concat(latencies...))
			})
		}
	}
}

func reportQuantiles(b *testing.B, latencies []time.Duration) {
	slices.Sort(latencies)
	if n := len(latencies); n > 0 {
		b.ReportMetric(float64(latencies[n/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(latencies[n*99/100].Microseconds()), "p99-µs")
	}
}

// BenchmarkSubmit is the same without gRPC: what queue, decisions and group commit cost.
func BenchmarkSubmit(b *testing.B) {
	for _, s := range shapes {
		b.Run(fmt.Sprintf("writers=%d/batch=%d", s.writers, s.batch), func(b *testing.B) {
			n := startNode(b, Config{})
			last := make([]int64, s.writers)
			data := make([]byte, benchBytes)
			parallel(b, s.writers, func(w int) error {
				c := newChange(appendEvents, fmt.Sprintf("bench-%d", w), last[w]-1)
				for range s.batch {
					c.add(uuid.New(), "test.Happened", "application/json", nil, data)
				}
				last[w] += int64(s.batch)
				return n.submit(context.Background(), c)
			})
			reportEvents(b, s.batch)
		})
	}
}

// BenchmarkSQLite is the floor: the same rows into the same table, as many to a transaction as the
// writers of BenchmarkAppend could have brought together.
func BenchmarkSQLite(b *testing.B) {
	for _, s := range shapes {
		group := s.writers * s.batch
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			w := bareWriter(b)
			body := encodeBody("bench-1", "test.Happened", "application/json", nil, make([]byte, benchBytes))
			b.ResetTimer()
			for i := range b.N {
				if err := execute(w.begin); err != nil {
					b.Fatal(err)
				}
				for j := range group {
					at := int64(i*group + j)
					r := record{position: (at + 1) * 600, stream: 1, revision: at, created: at, id: uuid.New(), body: body}
					if err := w.insertRecord(&r); err != nil {
						b.Fatal(err)
					}
				}
				if err := execute(w.commit); err != nil {
					b.Fatal(err)
				}
			}
			reportEvents(b, group)
		})
	}
}

func bareWriter(b *testing.B) *writer {
	d, err := openDB(filepath.Join(b.TempDir(), "log.db"), sqlite.OpenReadWrite|sqlite.OpenCreate, "journal_mode = WAL", "synchronous = FULL")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.conn.Close() })
	w := &writer{db: d}
	if err := d.initialize(); err != nil {
		b.Fatal(err)
	}
	if err := w.prepare(); err != nil {
		b.Fatal(err)
	}
	return w
}

const logEvents = 50_000

// BenchmarkReadAll reads a log through the client, beside the bare scan of the same rows.
func BenchmarkReadAll(b *testing.B) {
	n := startNode(b, Config{})
	client := connect(b, n.Address())
	fill(b, client, "bench-read", logEvents, 1000, benchBytes)
	b.Run("client", func(b *testing.B) {
		for b.Loop() {
			read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{}, logEvents)
			if err != nil {
				b.Fatal(err)
			}
			if count, err := drain(read); count != logEvents || err != nil {
				b.Fatal(count, err)
			}
		}
		reportEvents(b, logEvents)
	})
	b.Run("subscription", func(b *testing.B) {
		for b.Loop() {
			subscribed(b, client, nil, logEvents)
		}
		reportEvents(b, logEvents)
	})
	b.Run("nothing-matches", func(b *testing.B) {
		for b.Loop() {
			subscribed(b, client, &esdb.SubscriptionFilter{Prefixes: []string{"none."}}, 0)
		}
		reportEvents(b, logEvents)
	})
	b.Run("pages", func(b *testing.B) { benchPages(b, n) })
	b.Run("sqlite", func(b *testing.B) { benchScan(b, n) })
}

// benchScan is the floor: one statement over all rows that copies position and body.
func benchScan(b *testing.B, n *Node) {
	d := <-n.readers.free
	defer func() { n.readers.free <- d }()
	stmt := d.conn.Prep(`SELECT position, body FROM events ORDER BY position`)
	body := make([]byte, 2*benchBytes)
	for b.Loop() {
		for count := 0; ; count++ {
			found, err := stmt.Step()
			if err != nil || !found && count != logEvents {
				b.Fatal(count, err)
			}
			if !found {
				break
			}
			_, _ = stmt.ColumnInt64(0), stmt.ColumnBytes(1, body)
		}
		if err := stmt.Reset(); err != nil {
			b.Fatal(err)
		}
	}
	reportEvents(b, logEvents)
}

// benchPages is what serving reads without encoding and sending: all columns, verified.
func benchPages(b *testing.B, n *Node) {
	for b.Loop() {
		count, c := 0, cursor{}
		for end := false; !end; {
			pg, last, err := c.page(context.Background(), n.readers, 0, pageRows)
			if err != nil {
				b.Fatal(err)
			}
			count, end = count+len(pg.records), last
			pg.free()
		}
		if count != logEvents {
			b.Fatal(count)
		}
	}
	reportEvents(b, logEvents)
}

// subscribed receives count events and then the word that this was all.
func subscribed(b *testing.B, client *esdb.Client, f *esdb.SubscriptionFilter, count int) {
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}, Filter: f, MaxSearchWindow: 1000, CheckpointInterval: 10})
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	for got := 0; ; {
		e := sub.Recv()
		switch {
		case e.SubscriptionDropped != nil:
			b.Fatal(e.SubscriptionDropped.Error)
		case e.EventAppeared != nil:
			got++
		case e.CaughtUp != nil:
			if got != count {
				b.Fatal(got)
			}
			return
		}
	}
}

// BenchmarkLiveLatency is the time from an append's reply to the event's arrival at a subscriber.
func BenchmarkLiveLatency(b *testing.B) {
	client := connect(b, startNode(b, Config{}).Address())
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	arrived := make(chan time.Time)
	go func() {
		for {
			e := sub.Recv()
			if e.SubscriptionDropped != nil {
				return
			}
			if e.EventAppeared != nil {
				arrived <- time.Now()
			}
		}
	}()
	var latencies []time.Duration
	for b.Loop() {
		if _, err := client.AppendToStream(context.Background(), "bench-live", esdb.AppendToStreamOptions{}, events(1, benchBytes)...); err != nil {
			b.Fatal(err)
		}
		replied := time.Now()
		latencies = append(latencies, max(0, (<-arrived).Sub(replied)))
	}
	reportQuantiles(b, latencies)
}

// lagEvents sets how many events BenchmarkLag's subscribers miss.
const lagEvents = "MINGJIAN_TEST_LAG_EVENTS"

// BenchmarkLag is the memory that a hundred subscribers cost who read one event and no more, while
// the log grows: of node and clients together, from before the first to after the last event.
func BenchmarkLag(b *testing.B) {
	const lagging = 100
	missed := 50_000
	if n, err := strconv.Atoi(os.Getenv(lagEvents)); err == nil {
		missed = n
	}
	for range b.N {
		n := startNode(b, Config{})
		client := connect(b, n.Address())
		fill(b, client, "bench-lag", 1, 1, benchBytes)
		heapBefore, rssBefore := heap(), residentBytes()
		var subs []*esdb.Subscription
		for range lagging {
			sub, err := connect(b, n.Address()).SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
			if err != nil {
				b.Fatal(err)
			}
			defer sub.Close()
			lag(b, sub, 0, 1)
			subs = append(subs, sub)
		}
		fill(b, client, "bench-lag", missed, 1000, benchBytes)
		rss := residentBytes() - rssBefore // before the collection: what it peaked at, nearly
		b.ReportMetric(float64(heap()-heapBefore)/(1<<20), "heap-MiB")
		b.ReportMetric(float64(rss)/(1<<20), "rss-MiB")
		b.ReportMetric(float64(missed), "missed")
		lag(b, subs[lagging-1], 1, missed) // it was slow, and misses nothing
	}
}

// lag receives the events of one stream from a revision on.
func lag(b *testing.B, sub *esdb.Subscription, next uint64, count int) {
	b.Helper()
	for last := next + uint64(count); next < last; {
		switch e := sub.Recv(); {
		case e.SubscriptionDropped != nil:
			b.Fatal(e.SubscriptionDropped.Error)
		case e.EventAppeared != nil:
			if got := e.EventAppeared.Event.EventNumber; got != next {
				b.Fatalf("event %d, want %d", got, next)
			}
			next++
		}
	}
}

// residentBytes is what the process has in memory, 0 where the system does not say.
func residentBytes() int64 {
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(status), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
