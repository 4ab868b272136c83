package main

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestListen: beyond loopback the API listens only where passwords are safe on
// their way. Nothing here is looked up, so a name is no loopback address.
func TestListen(t *testing.T) {
	for _, test := range []struct {
		at   addresses
		says string // "" where it listens
	}{
		{addresses{API: "127.0.0.1:0"}, ""},
		{addresses{API: "localhost:0"}, ""},
		{addresses{API: "0.0.0.0:0", BehindProxy: "X-Real-IP"}, ""},
		{addresses{API: "0.0.0.0:0"}, "clear text"},
		{addresses{API: ":0"}, "clear text"},
		{addresses{API: "192.0.2.1:0"}, "clear text"},
		{addresses{API: "loopback.example.cn:0"}, "clear text"},
		{addresses{API: "8080"}, "--api"},
		{addresses{API: "127.0.0.1:0", TLSCert: "site.crt"}, "--tls-cert and --tls-key go together"},
		{addresses{API: "127.0.0.1:0", TLSCert: "/nowhere.crt", TLSKey: "/nowhere.key"}, "/nowhere.crt"},
	} {
		listener, err := test.at.listen()
		if err == nil {
			err = errors.Join(listener.Close())
		}
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v, want %q", test.at, err, test.says)
		}
	}
}

// TestURL: links lead to the address that people use, else to one that a
// browser on this machine can open.
func TestURL(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[addresses]string{
		{URL: "https://pg.example.cn/", BehindProxy: "X-Real-IP"}: "https://pg.example.cn",
		{BehindProxy: "X-Real-IP"}:                                "http://127.0.0.1:" + port,
		{TLSCert: "site.crt", TLSKey: "site.key"}:                 "https://127.0.0.1:" + port,
	} {
		if got := at.url(listener); got != want {
			t.Errorf("%+v: %s, want %s", at, got, want)
		}
	}
}

// TestForwarded: of what a header says only the proxy's own entry counts, the
// last one, and nothing that is no address.
func TestForwarded(t *testing.T) {
	for _, test := range []struct {
		header []string
		want   string
	}{
		{[]string{"198.51.100.7"}, "198.51.100.7"},
		{[]string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		{[]string{"203.0.113.9", "198.51.100.7"}, "198.51.100.7"}, // two lines are one list
		{[]string{" 2001:db8::7 "}, "2001:db8::7"},
		{[]string{"198.51.100.7, somebody"}, "192.0.2.1"},
		{[]string{""}, "192.0.2.1"},
		{nil, "192.0.2.1"},
	} {
		r := &http.Request{RemoteAddr: "192.0.2.1:4711", Header: http.Header{"X-Forwarded-For": test.header}}
		if got := forwarded(r, "X-Forwarded-For"); got != test.want {
			t.Errorf("%q: %s, want %s", test.header, got, test.want)
		}
	}
}
