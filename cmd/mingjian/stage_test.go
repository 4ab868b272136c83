package main

import (
	"context"
	"io"
	"log"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/criteria"
	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/mail"
	"mingjian/domain/rights"
	"mingjian/eventstore"
	"mingjian/eventstore/embedded"
	"mingjian/internal/testrig"
)

const stageRound = "stage"

// stage is a log that servers share, people who act on it, and a mail server.
type stage struct {
	*testing.T
	ctx        context.Context
	inbox      *inbox
	connection string
	shared     string // folder of the log, the key and the keyring
	serving    []string
	// people is the platform that the people use. It reacts on nothing.
	people   *runtime
	commands *command.Commands // by the people's clock
	cast     testrig.Cast
	second   []string // panel
	centers  []string

	node *embedded.Node
}

func openStage(t *testing.T, centers int) *stage {
	t.Helper()
	s := &stage{T: t, ctx: testrig.Context(t), inbox: openInbox(t), shared: t.TempDir()}
	s.startNode("127.0.0.1:0")
	t.Cleanup(func() { s.ok(s.node.Close()) })
	s.connection = "esdb://" + s.node.Address() + "?tls=false"
	first, err := start(s.ctx, place{Data: s.shared, EventStore: s.connection}, testrig.Quiet())
	s.ok(err)
	t.Cleanup(func() { s.ok(first.Close()) })
	s.people = first
	// The people's clock goes on by a second whenever it is looked at.
	rig := new(testrig.Rig)
	s.commands, err = command.New(command.Config{
		Log: first.log, Codec: eventstore.NewCodec(), Criteria: criteria.Lookup, Guides: criteria.LookupGuide, Calendars: criteria.LookupCalendar,
		Results: first.model, Actors: first.accounts, Evidence: first.evidence, PseudonymKey: first.key, Now: rig.Now,
	})
	s.ok(err)
	s.hire(centers)
	plan := testrig.Round(stageRound)
	plan.Demo = false
	_, err = s.commands.OpenRound(s.ctx, testrig.Meta(s.cast.Organizer), plan)
	s.ok(err)
	return s
}

// hire makes an account with a mail address for everybody.
func (s *stage) hire(centers int) {
	s.Helper()
	person := func(login string, grant rights.Grant) string {
		s.Helper()
		receipt, err := s.people.accounts.Create(s.ctx, byOperator(), auth.Person{Login: login, Name: login, Mail: login + "@example.org"}, []rights.Grant{grant})
		s.ok(err)
		return receipt.Account
	}
	s.cast.Organizer = person("organizer-1", rights.Grant{Role: rights.Organizer})
	s.cast.Deliberator = person("organizer-2", rights.Grant{Role: rights.Organizer})
	s.cast.Assessor = person("assessor-1", rights.Grant{Role: rights.Assessor})
	s.cast.Reviewer = person("reviewer-1", rights.Grant{Role: rights.Reviewer})
	for _, login := range []string{"reviewer-2", "reviewer-3", "reviewer-4"} {
		s.cast.Panel = append(s.cast.Panel, person(login, rights.Grant{Role: rights.Reviewer}))
	}
	for _, login := range []string{"reviewer-5", "reviewer-6", "reviewer-7"} {
		s.second = append(s.second, person(login, rights.Grant{Role: rights.Reviewer}))
	}
	rows := testrig.Roster(s, centers)
	_, err := s.commands.RegisterRoster(s.ctx, testrig.Meta(s.cast.Organizer), rows, true)
	s.ok(err)
	accounts := make(map[string]string)
	for _, row := range rows {
		s.centers = append(s.centers, row.Code)
		accounts[row.Code] = person("center-"+row.Code, rights.Grant{Role: rights.Center, Subject: row.Code})
	}
	s.cast.Center = func(subject string) string { return accounts[subject] }
}

// ok may be called from any goroutine.
func (s *stage) ok(err error) {
	s.Helper()
	if err != nil {
		s.Error(err)
	}
}

func (s *stage) startNode(listen string) {
	s.Helper()
	node, err := embedded.Start(embedded.Config{Path: filepath.Join(s.shared, "shared.db"), Listen: listen, Logger: testrig.Quiet()})
	if err != nil {
		s.Fatal(err)
	}
	s.node = node
}

// restartNode takes the log away for a moment.
func (s *stage) restartNode() {
	s.Helper()
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		address := s.node.Address()
		s.ok(s.node.Close())
		time.Sleep(100 * time.Millisecond)
		s.startNode(address)
	}
}

// folder is one more server's data folder, with what all servers share.
func (s *stage) folder() string {
	s.Helper()
	dir := s.TempDir()
	key, err := os.ReadFile(filepath.Join(s.shared, keyFile))
	s.ok(err)
	s.ok(os.WriteFile(filepath.Join(dir, keyFile), key, 0o600))
	s.ok(os.Symlink(filepath.Join(s.shared, keyringFolder), filepath.Join(dir, keyringFolder)))
	s.serving = append(s.serving, dir)
	return dir
}

// serve starts one more server, serveIn one on a folder that one has left.
func (s *stage) serve() *runtime {
	s.Helper()
	return s.serveIn(s.folder())
}

func (s *stage) serveIn(dir string) *runtime {
	s.Helper()
	r, err := start(s.ctx, place{Data: dir, EventStore: s.connection}, testrig.Quiet())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { s.ok(r.Close()) })
	if err := r.react(s.ctx, eager(dir, s.inbox.address)); err != nil {
		s.Fatal(err)
	}
	return r
}

// told is what the log says, recounted without the code that reacts.
type told struct {
	last        map[string]eventstore.Position // by the start of the stream's name
	decisions   map[string]string              // that move points, by event id: their stream
	corrections map[string]int                 // by the decision's event id
	flags       map[string]int                 // by appeal and day
	open        map[string]*appeal.Appeal
	letters     int            // that are to be sent
	sent        map[string]int // by letter
}

// overdue counts open appeals that are not flagged; all are from long ago.
func (t *told) overdue() (n int) {
	for _, a := range t.open {
		if a.Open() && a.Expired != a.DecideBy {
			n++
		}
	}
	return n
}

func (s *stage) read() *told {
	s.Helper()
	out := &told{
		last: make(map[string]eventstore.Position), decisions: make(map[string]string), corrections: make(map[string]int),
		flags: make(map[string]int), open: make(map[string]*appeal.Appeal), sent: make(map[string]int),
	}
	codec := eventstore.NewCodec()
	for e, err := range s.people.log.ReadAll(s.ctx, 0) {
		if err != nil {
			s.Fatal(err)
		}
		event, err := codec.Decode(e.Type, e.Data)
		if err != nil {
			s.Fatal(err)
		}
		prefix, rest, _ := strings.Cut(e.Stream, "-")
		out.last[prefix+"-"] = e.Position
		switch {
		case strings.HasPrefix(e.Stream, appeal.StreamPrefix):
			out.hear(s, e, event)
		case e.Type == (mail.Sent{}).EventType():
			out.sent[rest]++
		case e.Type == "assessment.ScoreCorrected":
			metadata, err := eventstore.ReadMetadata(e)
			s.ok(err)
			out.corrections[metadata.Causation]++
		case e.Type == "assessment.AssessorAssigned", e.Type == "assessment.ResultNotified":
			out.letters++
		case e.Type == "round.Published":
			out.letters += len(s.centers)
		}
	}
	return out
}

func (t *told) hear(s *stage, e eventstore.Recorded, event domain.Event) {
	s.Helper()
	a := t.open[e.Stream]
	if a == nil {
		a = appeal.New()
		t.open[e.Stream] = a
	}
	s.ok(a.Apply(event))
	const organizers = 2
	switch event := event.(type) {
	case *appeal.Filed, *appeal.Escalated:
		t.letters += organizers
	case *appeal.PanelNamed:
		t.letters += len(event.Members)
	case *appeal.Decided:
		t.letters++
		if event.Corrected != nil {
			t.decisions[e.ID.String()] = e.Stream
		}
	case *appeal.Expired:
		t.letters += organizers + len(a.Members)
		t.flags[e.Stream+" "+event.DecideBy]++
	}
}

// inbox is a mail server that takes everything.
type inbox struct {
	address string
	mu      sync.Mutex
	taken   map[string]int // by the letter's id
	readers map[string]string
}

func openInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{taken: make(map[string]int), readers: make(map[string]string)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{inbox: in, t: t}, nil }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in.address = listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return in
}

func (in *inbox) count() map[string]int {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make(map[string]int, len(in.taken))
	for letter, n := range in.taken {
		out[letter] = n
	}
	return out
}

// delivery is one session with the mail server.
type delivery struct {
	inbox *inbox
	t     *testing.T
	to    string
}

func (d *delivery) Reset()                               {}
func (d *delivery) Logout() error                        { return nil }
func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	message, err := netmail.ReadMessage(r)
	if err != nil {
		return err // cut short by a kill
	}
	if _, err := io.Copy(io.Discard, message.Body); err != nil {
		return err
	}
	id, _, _ := strings.Cut(strings.Trim(message.Header.Get("Message-ID"), "<>"), "@")
	d.inbox.mu.Lock()
	defer d.inbox.mu.Unlock()
	d.inbox.taken[id]++
	if reader, again := d.inbox.readers[id]; again && reader != d.to {
		d.t.Errorf("letter %s went to %s and to %s", id, reader, d.to)
	}
	d.inbox.readers[id] = d.to
	return nil
}
