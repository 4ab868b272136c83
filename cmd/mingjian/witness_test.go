package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mingjian/api/command"
	"mingjian/domain"
	"mingjian/domain/access"
	"mingjian/eventstore"
	"mingjian/eventstore/embedded"
)

// taken lists what was taken out of a data folder's log, as it is on record.
func taken(t *testing.T, data string) (all []string) {
	t.Helper()
	log, err := place{Data: data}.openLog(t.Context(), slog.New(slog.DiscardHandler), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}()
	key, err := os.ReadFile(filepath.Join(data, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	codec := eventstore.NewCodec()
	for recorded, err := range log.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		event, err := codec.Decode(recorded.Type, recorded.Data)
		if err != nil {
			t.Fatal(err)
		}
		var by domain.Stamp
		switch e := event.(type) {
		case *access.Exported:
			all, by = append(all, fmt.Sprintf("%s as %s", e.What, e.Format)), e.Stamp
		case *access.TrailViewed:
			all, by = append(all, fmt.Sprintf("trail of %q after %q", e.Stream, e.After)), e.Stamp
		default:
			continue
		}
		m, err := eventstore.ReadMetadata(recorded)
		if err != nil {
			t.Fatal(err)
		}
		if m.Actor != command.Operator || by.By != command.Pseudonym(key, recorded.Stream, command.Operator) || !by.At.Equal(m.ServerTime) ||
			recorded.Stream != access.Stream(by.At) {
			t.Errorf("%s in %s by %s, %+v", recorded.Type, recorded.Stream, m.Actor, by)
		}
	}
	return all
}

// TestTakingTheTrailOutIsOnRecord: each export and each look at the events is
// on the log, and in what it hands out, beside a server as well as without one.
func TestTakingTheTrailOutIsOnRecord(t *testing.T) {
	served, idle := serveDemo(t, "--centers", "2").data, t.TempDir()
	cliOutput(t, "demo", "--once", "--centers", "2", "--data", idle)
	for name, data := range map[string]string{"served": served, "idle": idle} {
		out := filepath.Join(t.TempDir(), "events.ndjson")
		cliOutput(t, "export", "--data", data, "--out", out)
		cliOutput(t, "export", "--data", data, "--out", out+".zst")
		all := cliOutput(t, "events", "--data", data)
		cliOutput(t, "events", "--data", data, "--stream", "registry", "--json")
		cliOutput(t, "events", "--data", data, "--from", "700")
		want := []string{
			"events as ndjson", "events as ndjson.zst", `trail of "" after ""`, `trail of "registry" after ""`, `trail of "" after "700"`,
		}
		if got := taken(t, data); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: on record is %q, want %q", name, got, want)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte(`"access.Exported"`)); n != 1 {
			t.Errorf("%s: the file has %d exports, want its own", name, n)
		}
		if n := strings.Count(all, "access.TrailViewed"); n != 1 {
			t.Errorf("%s: the events shown have %d looks, want their own", name, n)
		}
	}
}

// TestNothingIsHandedOutUnrecorded: what cannot be put on record is not handed
// out, not even in part.
func TestNothingIsHandedOutUnrecorded(t *testing.T) {
	data, keyless, otherKey := t.TempDir(), t.TempDir(), t.TempDir()
	cliOutput(t, "demo", "--once", "--centers", "2", "--data", data)
	if err := os.WriteFile(filepath.Join(otherKey, keyFile), bytes.Repeat([]byte{1}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(data, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(data, logFile)
	withKey := t.TempDir()
	if err := os.WriteFile(filepath.Join(withKey, keyFile), key, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, says string }{
		"without the key":  {keyless, keyFile + " is missing: restore it from a backup"},
		"with another key": {otherKey, keyFile + " is missing or not this log's"},
		"on a full log":    {withKey, "mingjian backup"},
	} {
		t.Run(name, func(t *testing.T) {
			connection := front(t, log, c.data == withKey)
			out := filepath.Join(t.TempDir(), "events.ndjson")
			for _, args := range [][]string{{"events"}, {"events", "--stream", "registry", "--json"}, {"export", "--out", out}} {
				var shown strings.Builder
				args = append(args, "--data", c.data, "--eventstore", connection)
				err := run(t.Context(), args, strings.NewReader(""), &shown, io.Discard)
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "nothing is handed out") {
					t.Errorf("%s: %v", args[0], err)
				}
				if full := c.data == withKey; errors.Is(err, eventstore.ErrFull) != full {
					t.Errorf("%s: %v, want a full log: %t", args[0], err, full)
				}
				if shown.Len() > 0 {
					t.Errorf("%s handed out %q", args[0], shown.String())
				}
				if left, err := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); err != nil || len(left) > 0 {
					t.Errorf("%s left %v, %v", args[0], left, err)
				}
			}
		})
	}
	if there, err := exists(filepath.Join(keyless, keyFile)); err != nil || there {
		t.Errorf("a key was made: %t, %v", there, err)
	}
	if got := taken(t, data); len(got) > 0 {
		t.Errorf("on record is %q", got)
	}
}

// front is a server on a log, which has no room for appends if it is full.
func front(t *testing.T, path string, full bool) (connection string) {
	t.Helper()
	node, err := embedded.Start(embedded.Config{Path: path, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	behind, err := grpc.NewClient(node.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(frames{}), grpc.UnknownServiceHandler(func(_ any, call grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(call)
		if full && strings.HasSuffix(method, "Streams/Append") {
			return status.Error(codes.ResourceExhausted, "disk full")
		}
		return relay(call, behind, method)
	}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := errors.Join(<-served, behind.Close(), node.Close()); err != nil {
			t.Error(err)
		}
	})
	return "esdb://" + listener.Addr().String() + "?tls=false"
}

// relay passes a call on as it is.
func relay(call grpc.ServerStream, behind *grpc.ClientConn, method string) error {
	sent, _ := metadata.FromIncomingContext(call.Context())
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(call.Context(), sent))
	defer cancel()
	onward, err := behind.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method, grpc.ForceCodec(frames{}))
	if err != nil {
		return err
	}
	go func() {
		for {
			var frame []byte
			if call.RecvMsg(&frame) != nil {
				_ = onward.CloseSend() // the answer says how it went
				return
			}
			if onward.SendMsg(&frame) != nil {
				return
			}
		}
	}()
	for {
		var frame []byte
		switch err := onward.RecvMsg(&frame); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := call.SendMsg(&frame); err != nil {
			return err
		}
	}
}

// frames leaves messages as they are.
type frames struct{}

func (frames) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (frames) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = bytes.Clone(data)
	return nil
}

func (frames) Name() string { return "frames" }
