package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"mingjian/api/sheets"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/eventstore"
)

// exportServer serves exports alone, which a test may change, over a real
// connection.
func exportServer(t testing.TB, p *platform, change func(*Exports)) (*Exports, *httptest.Server) {
	t.Helper()
	e, err := NewExports(Config{Model: p.model, Commands: p.commands, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	change(e)
	router := gin.New()
	router.Use(torn, recovered(e.cfg.Logger))
	router.GET("/exports/:file", e.get)
	return e, toOrganizer(t, router, false)
}

// toOrganizer serves an organizer, by a server with short limits.
func toOrganizer(t testing.TB, handler http.Handler, http2 bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, as(t, organizer, r))
	}))
	server.EnableHTTP2 = http2
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// idle waits until no export is under way.
func (e *Exports) idle(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(e.turns) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("an export goes on")
		}
	}
}

// longTrail adds n events to the trail.
func (p *platform) longTrail(n int) {
	p.t.Helper()
	at := time.Date(2022, 6, 1, 0, 0, 0, 0, time.UTC)
	name, data, err := eventstore.NewCodec().Encode(&access.EvidenceDownloaded{Stamp: domain.Stamp{By: "p", At: at}, SHA256: strings.Repeat("ef", 32)})
	must(p.t, err)
	metadata, err := json.Marshal(eventstore.Metadata{CommandID: uuid.Must(uuid.NewV7()), Actor: organizer, Correlation: "c", ServerTime: at})
	must(p.t, err)
	revision := eventstore.NoStream
	for done := 0; done < n; {
		var batch []eventstore.Proposed
		for ; done < n && len(batch) < 500; done++ {
			batch = append(batch, eventstore.Proposed{ID: uuid.New(), Type: name, Data: data, Metadata: metadata})
		}
		appended, err := p.log.Append(p.t.Context(), access.Stream(at), revision, batch)
		must(p.t, err)
		revision = int64(appended.Revision)
	}
	p.settle()
}

// TestExportStreams: a long trail passes through in little memory, outlasts the
// server's limits for a client that reads slowly, and ends with a client that
// leaves or takes nothing.
func TestExportStreams(t *testing.T) {
	const n = 40_000
	p := startPlatform(t)
	p.longTrail(n)
	e, server := exportServer(t, p, func(e *Exports) { e.stall = time.Second })
	address := server.URL + "/exports/trail.ndjson"

	t.Run("memory", func(t *testing.T) {
		file, err := e.Open(signedIn(t, t.Context(), organizer), ExportQuery{What: ExportTrail, Format: sheets.NDJSON})
		must(t, err)
		defer file.Close()
		meter := new(meter)
		must(t, file.Write(meter))
		early, late := meter.live[1], meter.live[len(meter.live)-1]
		t.Logf("%d KiB of %d events; live heap %d KiB early, %d KiB late", meter.written>>10, n, early>>10, late>>10)
		if late > early+(4<<20) || meter.written < 10<<20 {
			t.Errorf("%d bytes; the live heap grew from %d to %d", meter.written, early, late)
		}
	})
	t.Run("slow", func(t *testing.T) {
		response, err := http.Get(address)
		must(t, err)
		defer response.Body.Close()
		in := bufio.NewReader(response.Body)
		lines := 0
		for ; ; lines++ {
			if lines%8000 == 7000 {
				time.Sleep(150 * time.Millisecond) // five times: longer than the server's limits
			}
			if _, err := in.ReadSlice('\n'); errors.Is(err, io.EOF) {
				break
			} else {
				must(t, err)
			}
		}
		if lines < n {
			t.Errorf("%d lines of %d", lines, n)
		}
		e.idle(t)
	})
	t.Run("leaves", func(t *testing.T) {
		response, err := http.Get(address)
		must(t, err)
		_, err = io.CopyN(io.Discard, response.Body, 1<<16)
		must(t, err)
		must(t, response.Body.Close())
		e.idle(t)
	})
	t.Run("takes nothing", func(t *testing.T) {
		e.idle(t)
		response, err := http.Get(address)
		must(t, err)
		defer response.Body.Close()
		e.idle(t)
		if _, err := io.Copy(io.Discard, response.Body); err == nil {
			t.Error("what was cut off looks whole")
		}
	})
	t.Run("too long", func(t *testing.T) {
		late, server := exportServer(t, p, func(e *Exports) { e.time = 50 * time.Millisecond })
		response, err := http.Get(server.URL + "/exports/trail.ndjson")
		must(t, err)
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err == nil && response.StatusCode == http.StatusOK {
			t.Error("what took too long looks whole")
		}
		late.idle(t)
	})
}

// meter counts what is written and notes what lives on the heap as it goes.
type meter struct {
	written int
	live    []uint64
}

func (m *meter) Write(p []byte) (int, error) {
	if m.written>>21 != (m.written+len(p))>>21 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		m.live = append(m.live, stats.HeapAlloc)
	}
	m.written += len(p)
	return len(p), nil
}

// TestExportBreaksOff: what fails under way never looks like a whole file, and
// what fails before its first byte is a refusal.
func TestExportBreaksOff(t *testing.T) {
	p := startPlatform(t)
	broken := errors.New("the disk is gone")
	size := 0
	exportKinds["broken"] = func(r *exporting) (writer, error) {
		return func(w io.Writer, _ sheets.Format) error {
			if _, err := w.Write([]byte(strings.Repeat("x", size))); err != nil && size > 0 {
				return err
			}
			return broken
		}, nil
	}
	t.Cleanup(func() { delete(exportKinds, "broken") })
	for _, http2 := range []bool{false, true} {
		server := toOrganizer(t, p.handler, http2)
		client := server.Client()
		for _, n := range []int{10, 1 << 20} {
			size = n
			response, err := client.Get(server.URL + "/exports/broken.csv")
			if err == nil {
				if http2 != (response.ProtoMajor == 2) {
					t.Fatalf("spoke %s", response.Proto)
				}
				_, err = io.Copy(io.Discard, response.Body)
				must(t, response.Body.Close())
			}
			if err == nil {
				t.Errorf("HTTP/2 %v: %d bytes before the fault look whole", http2, n)
			}
			response, err = client.Get(server.URL + "/exports/broken.xlsx")
			must(t, err)
			var refused reply
			must(t, json.NewDecoder(response.Body).Decode(&refused))
			if response.StatusCode != http.StatusInternalServerError || refused.code() != codeInternal || strings.Contains(response.Header.Get("Content-Disposition"), "attachment") {
				t.Errorf("a workbook that could not be made: %s %s", response.Status, refused.code())
			}
			must(t, response.Body.Close())
		}
	}
}

// TestExportTurns: a few at a time, and whoever waits too long is told to ask
// again.
func TestExportTurns(t *testing.T) {
	p := smallRound(t)
	e, server := exportServer(t, p, func(e *Exports) { e.wait = 50 * time.Millisecond })
	for range cap(e.turns) {
		e.turns <- struct{}{}
	}
	response, err := http.Get(server.URL + "/exports/ranking.csv?round=" + theRound)
	must(t, err)
	defer response.Body.Close()
	var refused reply
	must(t, json.NewDecoder(response.Body).Decode(&refused))
	if response.StatusCode != http.StatusServiceUnavailable || refused.code() != "TIMEOUT" || !refused.Errors[0].Extensions.Retry {
		t.Errorf("%s %+v", response.Status, refused.Errors)
	}
}

// TestAppealTable: an appeal's row has what was decided, and of nobody a name.
func TestAppealTable(t *testing.T) {
	day := time.Date(2022, 12, 1, 2, 0, 0, 0, time.UTC)
	rows := func(yield func(appealRow, error) bool) {
		first := appealRow{
			ID: "r-310101002-1.1.1v1-1", Subject: "310101002", Kind: domain.Center, District: "310101",
			Target: assessment.Target{Clause: "1.1.1"}, Ground: appeal.Fact, Status: appeal.IsDecided, FiledAt: day, DecidedAt: day.Add(72 * time.Hour),
			DecideBy: "2022-12-15", Outcome: appeal.PartlyUpheld, Lost: 50, Restored: 25, Reasons: "=照片为凭", WorkingDays: 3, Panel: 1, Members: 3,
		}
		second := appealRow{
			ID: "r-310101013-d1-1", Subject: "310101013", Kind: domain.Center, District: "310101",
			Target: assessment.Target{Deduction: 1}, Ground: appeal.Procedure, Status: appeal.Waiting, FiledAt: day,
			DecideBy: "2022-12-15", Expired: true, Lost: 500, Panel: 1,
		}
		_ = yield(first, nil) && yield(second, nil)
	}
	r := &exporting{request: request{ctx: t.Context()}, roster: roster{districts: map[string]string{}}}
	for format, want := range map[sheets.Format]string{
		sheets.NDJSON: `{"id":"r-310101002-1.1.1v1-1","subject":"310101002","name":null,"kind":"center","district":"310101","clause":"1.1.1","deduction":null,"ground":"fact","status":"decided","filedAt":"2022-12-01T02:00:00Z","decideBy":"2022-12-15","expired":false,"decidedAt":"2022-12-04T02:00:00Z","workingDays":3,"outcome":"partlyUpheld","lost":0.5,"restored":0.25,"reasons":"=照片为凭","panel":1,"members":3}
{"id":"r-310101013-d1-1","subject":"310101013","name":null,"kind":"center","district":"310101","clause":null,"deduction":1,"ground":"procedure","status":"filed","filedAt":"2022-12-01T02:00:00Z","decideBy":"2022-12-15","expired":true,"decidedAt":null,"workingDays":null,"outcome":null,"lost":5,"restored":null,"reasons":null,"panel":1,"members":0}
`,
		sheets.CSV: "\ufeff申诉编号,对象代码,对象名称,类别,区代码,所申诉条款,所申诉扣分项序号,理由类别,状态,提出时间（北京时间）,应于何日前决定,已逾期,决定时间（北京时间）,所用工作日,决定,所争分值,恢复分值,决定理由,第几次审理,审理人数\n" +
			"r-310101002-1.1.1v1-1,310101002,,受理中心,310101,1.1.1,,事实,已决定,2022-12-01 10:00:00,2022-12-15,否,2022-12-04 10:00:00,3,部分支持,0.50,0.25,'=照片为凭,1,3\n" +
			"r-310101013-d1-1,310101013,,受理中心,310101,,1,程序,待组成审理组,2022-12-01 10:00:00,2022-12-15,是,,,,5.00,,,1,0\n",
	} {
		var out strings.Builder
		must(t, r.appealTable(rows)(&out, format))
		if out.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", format, out.String(), want)
		}
	}
}
