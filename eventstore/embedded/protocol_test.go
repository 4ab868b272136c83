package embedded

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// raw is for what the official client never asks for, and others do.
func raw(t *testing.T, n *Node) streams.StreamsClient {
	t.Helper()
	conn, err := grpc.NewClient(n.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return streams.NewStreamsClient(conn)
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

func rawAppend(t *testing.T, client streams.StreamsClient, o *streams.AppendReq_Options, list ...*streams.AppendReq_ProposedMessage) (*streams.AppendResp, metadata.MD, error) {
	t.Helper()
	call, err := client.Append(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: o}}); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if err := call.Send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: m}}); err != nil {
			t.Fatalf("the node answered before it was asked: %v", err)
		}
	}
	resp, err := call.CloseAndRecv()
	return resp, call.Trailer(), err
}

func proposed(id string) *streams.AppendReq_ProposedMessage {
	return &streams.AppendReq_ProposedMessage{
		Id:       &shared.UUID{Value: &shared.UUID_String_{String_: id}},
		Metadata: map[string]string{"type": "Happened", "content-type": "application/json"},
		Data:     []byte(`{}`),
	}
}

func noStream(stream string) *streams.AppendReq_Options {
	return &streams.AppendReq_Options{
		StreamIdentifier:       identifier(stream),
		ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}},
	}
}

func readAll(o *streams.ReadReq_Options) *streams.ReadReq {
	o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}}
	if o.CountOption == nil {
		o.CountOption = &streams.ReadReq_Options_Count{Count: 1000}
	}
	return &streams.ReadReq{Options: o}
}

func stringIDs() *streams.ReadReq_Options_UUIDOption {
	return &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}}
}

func TestStringUUIDsBothWays(t *testing.T) {
	client := raw(t, startNode(t, Config{}))
	for range 20 { // ids with and without high bits
		id := uuid.NewString()
		if _, _, err := rawAppend(t, client, noStream("s-"+id), proposed(id)); err != nil {
			t.Fatal(err)
		}
		read, err := client.Read(t.Context(), &streams.ReadReq{Options: &streams.ReadReq_Options{
			UuidOption: stringIDs(),
			StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
				StreamIdentifier: identifier("s-" + id),
				RevisionOption:   &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
			}},
			CountOption: &streams.ReadReq_Options_Count{Count: 1},
		}})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := read.Recv()
		if err != nil || resp.GetEvent().GetEvent().GetId().GetString_() != id {
			t.Fatalf("got %v, %v; want id %s", resp, err, id)
		}
	}
}

func TestWrongVersionFillsBothGenerations(t *testing.T) {
	client := raw(t, startNode(t, Config{}))
	if _, _, err := rawAppend(t, client, noStream("s"), proposed(uuid.NewString())); err != nil {
		t.Fatal(err)
	}
	o := noStream("s")
	o.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: 7}
	resp, _, err := rawAppend(t, client, o, proposed(uuid.NewString()))
	if err != nil {
		t.Fatal(err)
	}
	w := resp.GetWrongExpectedVersion()
	current, ok := w.GetCurrentRevisionOption().(*streams.AppendResp_WrongExpectedVersion_CurrentRevision)
	current20, ok20 := w.GetCurrentRevisionOption_20_6_0().(*streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0)
	if !ok || !ok20 || current.CurrentRevision != 0 || current20.CurrentRevision_20_6_0 != 0 || w.GetExpectedRevision() != 7 || w.GetExpectedRevision_20_6_0() != 7 {
		t.Fatalf("got %v", resp)
	}
}

// TestFailures compares status and trailers, which clients in other languages read.
func TestFailures(t *testing.T) {
	n := startNode(t, Config{})
	client := raw(t, n)
	if _, err := client.Tombstone(t.Context(), &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
		StreamIdentifier: identifier("gone"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
	}}); err != nil {
		t.Fatal(err)
	}
	untyped, large := proposed(uuid.NewString()), proposed(uuid.NewString())
	delete(untyped.Metadata, "content-type")
	large.Data = make([]byte, maxAppendSize)
	fine, bloated := proposed(uuid.NewString()), proposed(uuid.NewString())
	bloated.Metadata["content-type"] = strings.Repeat("x", maxAppendStored/2)
	for name, c := range map[string]struct {
		options  *streams.AppendReq_Options
		list     []*streams.AppendReq_ProposedMessage
		code     codes.Code
		trailers map[string]string
	}{
		"tombstoned":     {noStream("gone"), []*streams.AppendReq_ProposedMessage{fine}, codes.FailedPrecondition, map[string]string{"exception": "stream-deleted", "stream-name": "gone"}},
		"too large":      {noStream("s"), []*streams.AppendReq_ProposedMessage{large, fine, fine}, codes.InvalidArgument, map[string]string{"exception": "maximum-append-size-exceeded", "maximum-append-size": "1048576"}},
		"bloated":        {noStream(strings.Repeat("s", maxAppendStored/2)), []*streams.AppendReq_ProposedMessage{bloated, fine}, codes.InvalidArgument, map[string]string{"exception": "maximum-append-size-exceeded"}},
		"untyped":        {noStream("s"), []*streams.AppendReq_ProposedMessage{untyped, fine}, codes.InvalidArgument, map[string]string{"exception": "missing-required-metadata-property"}},
		"no id":          {noStream("s"), []*streams.AppendReq_ProposedMessage{{Metadata: fine.Metadata}}, codes.InvalidArgument, nil},
		"no stream name": {noStream(""), []*streams.AppendReq_ProposedMessage{fine, fine}, codes.InvalidArgument, nil},
		"$all":           {noStream("$all"), []*streams.AppendReq_ProposedMessage{fine}, codes.InvalidArgument, nil},
		"bad UTF-8":      {noStream("\xff"), []*streams.AppendReq_ProposedMessage{fine}, codes.InvalidArgument, nil},
		"control":        {noStream("a\nb"), []*streams.AppendReq_ProposedMessage{fine}, codes.InvalidArgument, nil}, // no trailer could name it
	} {
		_, trailer, err := rawAppend(t, client, c.options, c.list...)
		if status.Code(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
		for key, want := range c.trailers {
			if got := trailer.Get(key); len(got) != 1 || got[0] != want {
				t.Errorf("%s: trailer %s is %v, want %s", name, key, got, want)
			}
		}
	}

	empty, err := client.Append(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.CloseAndRecv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("append without options: %v", err)
	}

	var trailer metadata.MD
	_, err = client.Delete(t.Context(), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier: identifier("s"), ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: 3},
	}}, grpc.Trailer(&trailer))
	got := fmt.Sprint(trailer.Get("exception"), trailer.Get("expected-version"), trailer.Get("actual-version"))
	if status.Code(err) != codes.FailedPrecondition || got != "[wrong-expected-version] [3] [-1]" {
		t.Errorf("delete: %v, trailers %s", err, got)
	}
	if batch, err := client.BatchAppend(t.Context()); err == nil {
		if _, err := batch.Recv(); status.Code(err) != codes.Unimplemented {
			t.Errorf("BatchAppend: %v", err)
		}
	}
}

func TestReadsThatMakeNoSense(t *testing.T) {
	client := raw(t, startNode(t, Config{}))
	subscription := &streams.ReadReq_Options_Subscription{Subscription: &streams.ReadReq_Options_SubscriptionOptions{}}
	byType := func(e *streams.ReadReq_Options_FilterOptions_Expression, multiplier uint32) *streams.ReadReq_Options_Filter {
		return &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter:                       &streams.ReadReq_Options_FilterOptions_EventType{EventType: e},
			Window:                       &streams.ReadReq_Options_FilterOptions_Count{Count: &shared.Empty{}},
			CheckpointIntervalMultiplier: multiplier,
		}}
	}
	prefix := &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"x"}}
	for name, req := range map[string]*streams.ReadReq{
		"nothing":          {},
		"no uuid option":   readAll(&streams.ReadReq_Options{}),
		"no stream":        {Options: &streams.ReadReq_Options{UuidOption: stringIDs()}},
		"multiplier 0":     readAll(&streams.ReadReq_Options{UuidOption: stringIDs(), CountOption: subscription, FilterOption: byType(prefix, 0)}),
		"empty filter":     readAll(&streams.ReadReq_Options{UuidOption: stringIDs(), CountOption: subscription, FilterOption: byType(&streams.ReadReq_Options_FilterOptions_Expression{}, 1)}),
		"not RE2":          readAll(&streams.ReadReq_Options{UuidOption: stringIDs(), CountOption: subscription, FilterOption: byType(&streams.ReadReq_Options_FilterOptions_Expression{Regex: "(?<=a)b"}, 1)}),
		"backwards, going": readAll(&streams.ReadReq_Options{UuidOption: stringIDs(), CountOption: subscription, ReadDirection: streams.ReadReq_Options_Backwards}),
	} {
		read, err := client.Read(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := read.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: got %v, %v", name, resp, err)
		}
	}
}

// TestFilteredRead: other clients filter reads of $all as well; the count is of what matches.
func TestFilteredRead(t *testing.T) {
	n := startNode(t, Config{})
	official, client := connect(t, n.Address()), raw(t, n)
	for i := range 10 {
		fill(t, official, fmt.Sprintf("s-%d", i), 100, 100, 10)
	}
	read, err := client.Read(t.Context(), readAll(&streams.ReadReq_Options{
		UuidOption: stringIDs(), CountOption: &streams.ReadReq_Options_Count{Count: 150},
		FilterOption: &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
			Filter: &streams.ReadReq_Options_FilterOptions_StreamIdentifier{
				StreamIdentifier: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"s-3", "s-8", "s-9"}},
			},
			Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 10},
			CheckpointIntervalMultiplier: 1,
		}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for {
		resp, err := read.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		counts[string(resp.GetEvent().GetEvent().GetStreamIdentifier().GetStreamName())]++
	}
	if fmt.Sprint(counts) != "map[s-3:100 s-8:50]" {
		t.Fatalf("got %v", counts)
	}
}

// TestDiscovery: a connection string that asks for gossip finds the one node.
func TestDiscovery(t *testing.T) {
	n := startNode(t, Config{Listen: "127.0.0.1:0"})
	_, port, err := net.SplitHostPort(n.Address())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"esdb://127.0.0.1:%s?tls=false", "esdb+discover://localhost:%s?tls=false", "esdb://localhost:%[1]s,127.0.0.1:%[1]s?tls=false"} {
		cfg, err := esdb.ParseConnectionString(fmt.Sprintf(text, port))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Logger = func(esdb.LogLevel, string, ...any) {}
		client, err := esdb.NewClient(cfg)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, client, "s", 1, 1, 10)
		if v, err := client.GetServerVersion(); err != nil || v.Major != 24 || v.Minor != 6 {
			t.Fatalf("%s: version %+v, %v", text, v, err)
		}
		client.Close()
	}
}

// certificate is made for one test and never written to disk.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSAndPassword(t *testing.T) {
	cert, pool := certificate(t)
	n := startNode(t, Config{
		Path: filepath.Join(t.TempDir(), "log.db"), Listen: "127.0.0.1:0",
		TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, Username: "ming", Password: "jian",
	})
	for _, c := range []struct {
		username, password string
		want               esdb.ErrorCode
	}{
		{"ming", "jian", -1},
		{"ming", "wrong", esdb.ErrorCodeUnauthenticated},
		{"", "", esdb.ErrorCodeAccessDenied},
	} {
		client, err := esdb.NewClient(&esdb.Configuration{
			Address: n.Address(), RootCAs: pool, Username: c.username, Password: c.password, MaxDiscoverAttempts: 1, GossipTimeout: 5,
			KeepAliveInterval: 10 * time.Second, KeepAliveTimeout: 10 * time.Second, Logger: func(esdb.LogLevel, string, ...any) {},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, appendErr := client.AppendToStream(context.Background(), "s", esdb.AppendToStreamOptions{}, events(1, 10)...)
		_, deleteErr := client.DeleteStream(context.Background(), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
		for _, err := range []error{appendErr, deleteErr} {
			var e *esdb.Error
			if fine := c.want < 0; fine && err != nil || !fine && (!errors.As(err, &e) || e.Code() != c.want) {
				t.Errorf("as %q with %q: got %v, want code %d", c.username, c.password, err, c.want)
			}
		}
		client.Close()
	}
}

// TestRefusalWaits: a client that still sends when the node knows that it will refuse gets the
// refusal, not a bare EOF.
func TestRefusalWaits(t *testing.T) {
	cert, pool := certificate(t)
	n := startNode(t, Config{Listen: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, Username: "ming", Password: "jian"})
	conn, err := grpc.NewClient(n.Address(), grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	call, err := streams.NewStreamsClient(conn).Append(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	send := func(req *streams.AppendReq) {
		if err := call.Send(req); err != nil {
			t.Fatalf("the node answered before it was asked: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: noStream("s")}})
	for range 5 {
		send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: proposed(uuid.NewString())}})
	}
	if _, err := call.CloseAndRecv(); status.Code(err) != codes.PermissionDenied {
		t.Fatalf("append without credentials: %v", err)
	}
	if head := n.writer.head.Load(); head != 0 {
		t.Fatalf("refused events are in the log, up to position %d", head)
	}
}

// TestStreamsOfAConnection: a connection has so many calls at once, and the client lets others wait.
func TestStreamsOfAConnection(t *testing.T) {
	client := raw(t, startNode(t, Config{}))
	for i := range maxStreams {
		call, err := client.Append(t.Context())
		if err == nil {
			err = call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: noStream("s")}})
		}
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := client.Append(ctx); status.Code(err) != codes.DeadlineExceeded {
		t.Fatalf("call %d: %v", maxStreams, err)
	}
}

// TestMessageEncoding compares the hand-written encoding with what protobuf makes of it.
func TestMessageEncoding(t *testing.T) {
	for _, id := range []uuid.UUID{{1}, {0xff, 15: 0xff}, uuid.New()} {
		r := &record{position: 300, revision: tombstoneRevision, created: 17_000_000_000_000_000, id: id, body: encodeBody("s", "T", "c", []byte("m"), []byte("d"))}
		for name, e := range map[string]struct{ event, link *record }{"event": {r, nil}, "link": {nil, r}, "both": {r, r}} {
			for _, asString := range []bool{false, true} {
				var resp streams.ReadResp
				if err := newCodec().Unmarshal(mustMarshal(t, &frame{encodeEvent(e.event, e.link, asString)}), &resp); err != nil {
					t.Fatal(err)
				}
				for _, got := range []*streams.ReadResp_ReadEvent_RecordedEvent{resp.GetEvent().GetEvent(), resp.GetEvent().GetLink()} {
					if got != nil {
						compareRecorded(t, name, got, r)
					}
				}
				if (resp.GetEvent().GetEvent() == nil) != (e.event == nil) || (resp.GetEvent().GetLink() == nil) != (e.link == nil) || resp.GetEvent().GetCommitPosition() != 300 {
					t.Fatalf("%s: got %v", name, &resp)
				}
			}
		}
		stream, eventType, err := r.names()
		data, dataErr := r.data()
		if string(stream) != "s" || string(eventType) != "T" || string(data) != "d" || err != nil || dataErr != nil {
			t.Fatalf("got %s %s %s, %v, %v", stream, eventType, data, err, dataErr)
		}
	}
}

func compareRecorded(t *testing.T, name string, got *streams.ReadResp_ReadEvent_RecordedEvent, r *record) {
	t.Helper()
	id, err := parseUUID(got.Id)
	if err != nil || id != r.id || got.StreamRevision != tombstoneRevision || got.CommitPosition != 300 || got.PreparePosition != 300 ||
		string(got.StreamIdentifier.StreamName) != "s" || string(got.Data) != "d" || string(got.CustomMetadata) != "m" ||
		fmt.Sprint(got.Metadata) != "map[content-type:c created:17000000000000000 type:T]" {
		t.Fatalf("%s: got %v, %v", name, got, err)
	}
}

// FuzzBody: whatever is on the disk, looking at it ends with an answer or an error.
func FuzzBody(f *testing.F) {
	f.Add(encodeBody("s", "T", "c", []byte("m"), []byte("d")))
	f.Add([]byte{0x12, 0x80})
	f.Fuzz(func(_ *testing.T, body []byte) {
		r := &record{body: body}
		_, _, _ = r.names()
		_, _ = r.data()
	})
}
