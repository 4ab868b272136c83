package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runNode serves a log alone, as another process would, until the test ends.
// It returns what the program says its connection string is.
func runNode(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		args := append([]string{"node", "--listen", "127.0.0.1:0"}, args...)
		err := run(ctx, args, strings.NewReader(""), in, os.Stderr)
		in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("node: %v", err)
		}
	})
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("the node ended: %v", <-ended)
	}
	return regexp.MustCompile(`esdb://\S+`).FindString(string(line[:n]))
}

func cliOutput(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, strings.NewReader(""), &out, os.Stderr); err != nil {
		t.Fatalf("mingjian %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

// TestMigrateToANode moves a demo's log to a server behind TLS and a password,
// and serves the same results from there.
func TestMigrateToANode(t *testing.T) {
	own, other, certs := t.TempDir(), t.TempDir(), t.TempDir()
	cert, key := certificate(t, certs)
	t.Setenv("MINGJIAN_NODE_PASSWORD", "correct horse")
	node := runNode(t, "--data", filepath.Join(other, "node"), "--tls-cert", cert, "--tls-key", key, "--user", "audit")
	address, _, _ := strings.Cut(strings.TrimPrefix(node, "esdb://"), "?")
	connection := "esdb://audit:correct%20horse@" + address + "?tls=true&tlsCAFile=" + cert

	cliOutput(t, "demo", "--once", "--centers", "10", "--data", own)
	migrated := cliOutput(t, "migrate", "--from", "esdb+embedded:"+filepath.Join(own, "log.db"), "--to", connection)
	if !strings.Contains(migrated, ", 0 of them were before") {
		t.Error(migrated)
	}
	if err := copyFile(filepath.Join(own, keyFile), filepath.Join(other, keyFile)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keyringFolder, evidenceFolder} { // what a log is served with
		if err := os.Rename(filepath.Join(own, name), filepath.Join(other, name)); err != nil {
			t.Fatal(err)
		}
	}
	cliOutput(t, "demo", "--once", "--centers", "10", "--data", other, "--eventstore", connection)
	for _, file := range []string{"centers-demo.csv", "districts-demo.csv", "clauses-demo.csv"} {
		here, err := os.ReadFile(filepath.Join(own, "site/current/data", file))
		if err != nil {
			t.Fatal(err)
		}
		there, err := os.ReadFile(filepath.Join(other, "site/current/data", file))
		if err != nil {
			t.Fatal(err)
		}
		if string(here) != string(there) {
			t.Errorf("%s differs after the move", file)
		}
	}
	if events(t, cliOutput(t, "events", "--data", own)) != events(t, cliOutput(t, "events", "--data", other, "--eventstore", connection)) {
		t.Error("the events, or their order, differ after the move")
	}
	for name, bad := range map[string]string{
		"a wrong password":          strings.Replace(connection, "correct", "wrong", 1),
		"a certificate not trusted": "esdb://audit:correct%20horse@" + address + "?tls=true",
	} {
		err := run(t.Context(), []string{"events", "--data", t.TempDir(), "--eventstore", bad}, strings.NewReader(""), io.Discard, io.Discard)
		if err == nil {
			t.Errorf("%s was let in", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}

// events drops the positions, which do not survive a move, and the looks.
func events(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(text) {
		_, rest, ok := strings.Cut(strings.TrimLeft(line, " "), " ")
		if !ok {
			t.Fatalf("not an event: %q", line)
		}
		if strings.Contains(rest, "access.TrailViewed") {
			continue
		}
		out.WriteString(rest)
	}
	return out.String()
}

// certificate makes one for 127.0.0.1, which signs itself.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"node.crt": {Type: "CERTIFICATE", Bytes: der}, "node.key": {Type: "EC PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "node.crt"), filepath.Join(dir, "node.key")
}
