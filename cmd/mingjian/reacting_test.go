package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mingjian/api/mail"
	"mingjian/domain"
	"mingjian/internal/testrig"
	"mingjian/projections"
)

// reactorEnv makes of this test's binary a server that only reacts, on the
// folder, the log and the mail server that the variable names.
const reactorEnv = "MINGJIAN_TEST_REACTOR"

// reactorMain is that server. It ends when it is killed.
func reactorMain(what string) error {
	parts := strings.Split(what, " ")
	ctx := context.Background()
	r, err := start(ctx, place{Data: parts[0], EventStore: parts[1]}, testrig.Quiet())
	if err != nil {
		return err
	}
	if err := r.react(ctx, eager(parts[0], parts[2])); err != nil {
		return err
	}
	fmt.Println("up")
	select {}
}

// eager is how the tests' servers react: they look often, and tell people of
// the past, for the tests' people live in 2022. The lease is as short as it can
// be without the attempts of two servers overlapping on a slow machine.
func eager(dir, smtp string) reactConfig {
	return reactConfig{dir: dir, deadlines: 50 * time.Millisecond, post: 200 * time.Millisecond, youth: 100 * 365 * 24 * time.Hour, mail: &mail.Config{
		BaseURL: "https://pg.example.cn", Lease: 4 * time.Second,
		SMTP: mail.SMTP{Address: smtp, TLS: mail.None, From: "明鉴 <noreply@pg.example.cn>"},
	}}
}

// TestTwoServersReact has two servers on one log race to react on everything
// that people record meanwhile, while the log goes away for a moment. Each thing
// follows once.
func TestTwoServersReact(t *testing.T) {
	s := openStage(t, 4)
	var servers []*runtime
	for range 2 {
		servers = append(servers, s.serve())
	}
	s.act(func() { s.restartNode() })
	s.settle(servers...)
	s.check(1)
	for _, server := range servers {
		for _, item := range server.health() {
			if !item.OK {
				t.Errorf("%s: %s", item.Component, item.Detail)
			}
		}
	}
}

// TestKilledServersReact has two servers react that are killed again and again.
// Their lives grow longer, so that a slow machine too gets somewhere.
func TestKilledServersReact(t *testing.T) {
	s := openStage(t, 4)
	dirs := []string{s.folder(), s.folder()}
	acting, acted := context.WithCancel(s.ctx)
	var killing sync.WaitGroup
	kills := make([]int, len(dirs))
	for i, dir := range dirs {
		killing.Go(func() {
			for acting.Err() == nil || kills[i] < 4 {
				child := s.reactor(dir)
				time.Sleep(time.Duration(rand.IntN(400+100*kills[i])) * time.Millisecond)
				if err := child.Process.Kill(); err != nil { // SIGKILL
					t.Error(err)
				}
				_ = child.Wait() // it was killed
				kills[i]++
			}
		})
	}
	s.act(func() {})
	acted()
	killing.Wait()
	t.Logf("%v kills", kills)
	s.settle(s.serveIn(dirs[0]), s.serveIn(dirs[1]))
	s.check(0)
}

// reactor starts a server of its own process, and returns once it is up.
func (s *stage) reactor(dir string) *exec.Cmd {
	s.Helper()
	child := exec.CommandContext(s.ctx, os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s", reactorEnv, dir, s.connection, s.inbox.address))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err == nil {
		_, err = out.Read(make([]byte, 10))
	}
	if err != nil {
		s.Errorf("a server that is to be killed: %v", err)
	}
	return child
}

// act plays, in several centers at once: appeals that are upheld, dismissed,
// escalated and left alone, two releases, and the end of the round as soon as the
// last panel has decided.
func (s *stage) act(meanwhile func()) {
	s.Helper()
	var together sync.WaitGroup
	for i, center := range s.centers {
		together.Go(func() {
			s.ok(s.cast.Assess(s.ctx, s.commands, testrig.Standard(s), stageRound, center, "1.1.1", "1.2.1", "2.2"))
			upheld, err := s.cast.File(s.ctx, s.commands, stageRound, center, "1.1.1")
			s.ok(err)
			s.ok(s.cast.Hear(s.ctx, s.commands, upheld, 50))
			if i%2 == 0 {
				return
			}
			escalated, err := s.cast.File(s.ctx, s.commands, stageRound, center, "1.2.1")
			s.ok(err)
			s.ok(s.cast.Hear(s.ctx, s.commands, escalated, 20))
			_, err = s.commands.EscalateAppeal(s.ctx, testrig.Meta(s.cast.Center(center)), escalated, "仍有异议")
			s.ok(err)
			second := s.cast
			second.Panel = s.second
			s.ok(second.Hear(s.ctx, s.commands, escalated, 30))
		})
	}
	meanwhile()
	together.Wait()
	s.publish("发布")
	last, err := s.cast.File(s.ctx, s.commands, stageRound, s.centers[0], "2.2")
	s.ok(err)
	alone, err := s.cast.File(s.ctx, s.commands, stageRound, s.centers[1], "2.2")
	s.ok(err)
	for s.read().overdue() > 0 && s.ctx.Err() == nil { // it is flagged, and nothing is decided
		time.Sleep(20 * time.Millisecond)
	}
	_, err = s.commands.WithdrawAppeal(s.ctx, testrig.Meta(s.cast.Center(s.centers[1])), alone, "已沟通清楚")
	s.ok(err)
	s.publish("更正")
	s.ok(s.cast.Hear(s.ctx, s.commands, last, 50))
	_, err = s.commands.CloseRound(s.ctx, testrig.Meta(s.cast.Organizer), stageRound, "结束")
	s.ok(err)
}

// publish waits for the read model first: what is deliberated is counted in it.
func (s *stage) publish(reason string) {
	s.Helper()
	s.ok(s.people.settled(s.ctx))
	_, err := s.commands.Deliberate(s.ctx, testrig.Meta(s.cast.Deliberator), stageRound, "会商一致同意")
	s.ok(err)
	_, err = s.commands.Publish(s.ctx, testrig.Meta(s.cast.Organizer), stageRound, reason)
	s.ok(err)
}

// settle waits until the servers have done what there is to do.
func (s *stage) settle(servers ...*runtime) {
	s.Helper()
	for {
		log := s.read()
		idle := true
		for _, r := range servers {
			corrections, _ := r.reactions.corrections.Checkpoint()
			letters, _ := r.reactions.letters.Checkpoint()
			published, _ := r.publisher.checkpoint()
			waiting, _ := r.reactions.letters.Waiting()
			idle = idle && corrections.Position >= log.last["appeal-"] && published.Position >= log.last["round-"] && waiting == 0 &&
				letters.Position >= max(log.last["appeal-"], log.last["round-"], log.last["assessment-"])
		}
		if idle && log.overdue() == 0 {
			return
		}
		select {
		case <-s.ctx.Done():
			s.Fatalf("not everything is done: %v; %d overdue", s.ctx.Err(), log.overdue())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// check wants everything that follows, once. copies is how often a letter may
// have travelled, 0 for any number: a server that is killed after the mail
// server took a letter leaves nobody who knows.
func (s *stage) check(copies int) {
	s.Helper()
	log := s.read()
	if want := 4 + 2*2 + 1; len(log.decisions) != want {
		s.Errorf("%d decisions that move points, want %d", len(log.decisions), want)
	}
	for id, stream := range log.decisions {
		if n := log.corrections[id]; n != 1 {
			s.Errorf("the decision %s in %s was carried out %d times", id, stream, n)
		}
	}
	if len(log.corrections) != len(log.decisions) {
		s.Errorf("%d corrections for %d decisions", len(log.corrections), len(log.decisions))
	}
	for deadline, n := range log.flags {
		if n != 1 {
			s.Errorf("%s was flagged %d times", deadline, n)
		}
	}
	if len(log.flags) == 0 {
		s.Error("no deadline was flagged")
	}
	s.wantLost(s.centers[0], "1.1.1", 0)
	s.wantLost(s.centers[1], "1.2.1", 20)
	s.wantLost(s.centers[0], "2.2", 0)
	s.wantLost(s.centers[1], "2.2", 50)
	s.checkLetters(log, copies)
	s.checkReleases()
}

func (s *stage) checkLetters(log *told, copies int) {
	s.Helper()
	delivered := s.inbox.count()
	for letter, n := range log.sent {
		if n != 1 {
			s.Errorf("letter %s was sent %d times, says the log", letter, n)
		}
		if got := delivered[letter]; got == 0 || copies > 0 && got > copies {
			s.Errorf("letter %s travelled %d times", letter, got)
		}
	}
	if len(log.sent) != log.letters || len(delivered) != log.letters {
		s.Errorf("%d letters on the log, %d in the mail; want %d", len(log.sent), len(delivered), log.letters)
	}
}

// checkReleases wants the same two releases on every server.
func (s *stage) checkReleases() {
	s.Helper()
	var first []byte
	for _, dir := range s.serving {
		for n := 1; n <= 2; n++ {
			if _, err := os.Stat(filepath.Join(dir, "site/releases", fmt.Sprintf("%s-%d", stageRound, n))); err != nil {
				s.Error(err)
			}
		}
		entries, err := os.ReadDir(filepath.Join(dir, "site/releases"))
		if err != nil || len(entries) != 2 {
			s.Errorf("%v in %s, %v; want 2 releases", entries, dir, err)
		}
		page, err := os.ReadFile(filepath.Join(dir, "site/current/index.html"))
		if err != nil {
			s.Error(err)
		}
		if first == nil {
			first = page
		} else if !bytes.Equal(first, page) {
			s.Errorf("the pages of %s differ from those of the other server", dir)
		}
	}
}

// wantLost wants what a decision left of half a point, also of one that came
// as the round was closed.
func (s *stage) wantLost(center, clause string, want domain.Points) {
	s.Helper()
	s.ok(s.people.settled(s.ctx))
	view, err := s.people.model.View(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	defer view.Close()
	a, err := view.Assessment(stageRound, center, projections.Latest)
	if got := a.Entries[clause].Points; err != nil || got != want {
		s.Errorf("%s has lost %s on %s, %v; want %s", center, got, clause, err, want)
	}
}
