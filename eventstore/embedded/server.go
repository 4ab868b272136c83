package embedded

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// version is the server whose semantics are followed. The client wants it numeric.
const version = "24.6.0"

func (n *Node) newServer() *grpc.Server {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(maxMessageSize),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.WaitForHandlers(true), // also when they are cut short: they hold connections to the file
		grpc.InitialWindowSize(1 << 20),
		grpc.InitialConnWindowSize(4 << 20),
		// The client pings every 10 s, also while idle; grpc-go's default would hang up on it.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		// A client that vanished without a word must not keep its subscriptions.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	}
	if n.cfg.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(n.cfg.TLS)))
	}
	if n.cfg.Username != "" {
		options = append(options, grpc.UnaryInterceptor(n.authorizeUnary), grpc.StreamInterceptor(n.authorizeStream))
	}
	server := grpc.NewServer(options...)
	streams.RegisterStreamsServer(server, &streamsService{node: n})
	serverfeatures.RegisterServerFeaturesServer(server, featuresService{})
	gossip.RegisterGossipServer(server, &gossipService{id: uuid.New(), address: n.address})
	return server
}

// public reports methods that the client calls before it sends credentials.
func public(method string) bool {
	return method == serverfeatures.ServerFeatures_GetSupportedMethods_FullMethodName ||
		method == gossip.Gossip_Read_FullMethodName
}

func (n *Node) authorizeUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if !public(info.FullMethod) {
		if err := n.authorize(ctx); err != nil {
			return nil, err
		}
	}
	return next(ctx, req)
}

func (n *Node) authorizeStream(srv any, call grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	err := n.authorize(call.Context())
	switch {
	case err == nil:
		return next(srv, call)
	case info.FullMethod == streams.Streams_Append_FullMethodName:
		return refuse(call, err)
	}
	return err
}

// authorize tells no credentials (denied) from wrong ones (not authenticated), as the server does.
func (n *Node) authorize(ctx context.Context) error {
	given := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(given) == 0 {
		return failAccess(ctx)
	}
	encoded, _ := strings.CutPrefix(given[0], "Basic ")
	pair, err := base64.StdEncoding.DecodeString(encoded)
	want := n.cfg.Username + ":" + n.cfg.Password
	if err != nil || subtle.ConstantTimeCompare(pair, []byte(want)) != 1 {
		return status.Error(codes.Unauthenticated, "wrong username or password")
	}
	return nil
}

// featuresService is asked first on every connection. Clients use what is listed, so only what is
// built may be.
type featuresService struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

// GetSupportedMethods lists the methods in lower case, which is how clients compare.
func (featuresService) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	supported := &serverfeatures.SupportedMethods{EventStoreServerVersion: version}
	for _, m := range [][2]string{
		{"event_store.client.streams.streams", "read"},
		{"event_store.client.streams.streams", "append"},
		{"event_store.client.streams.streams", "delete"},
		{"event_store.client.streams.streams", "tombstone"},
		{"event_store.client.gossip.gossip", "read"},
		{"event_store.client.server_features.serverfeatures", "getsupportedmethods"},
	} {
		supported.Methods = append(supported.Methods, &serverfeatures.SupportedMethod{ServiceName: m[0], MethodName: m[1]})
	}
	return supported, nil
}

// gossipService answers for a cluster of one.
type gossipService struct {
	gossip.UnimplementedGossipServer
	id      uuid.UUID
	address string
}

// Read names the node as the caller named it: the client connects anew when the text differs, and
// a certificate may hold for one name only.
func (g *gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	authority := strings.Join(metadata.ValueFromIncomingContext(ctx, ":authority"), "")
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		if host, port, err = net.SplitHostPort(g.address); err != nil {
			host, port = g.address, "0" // a unix socket, which discovery cannot name
		}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, invalid("authority has port %q", port)
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   protoUUID(g.id),
		TimeStamp:    ticks(time.Now()),
		State:        gossip.MemberInfo_Leader,
		IsAlive:      true,
		HttpEndPoint: &gossip.EndPoint{Address: host, Port: uint32(number)},
	}}}, nil
}
