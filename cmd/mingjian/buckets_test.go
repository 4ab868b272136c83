package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// TestBuckets keeps the keyring and the evidence in buckets of a server that
// speaks S3, as several servers of one log would.
func TestBuckets(t *testing.T) {
	backend := s3mem.New()
	for _, name := range []string{"keys", "evidence"} {
		if err := backend.CreateBucket(name); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	bucket := func(name string) string {
		return "s3://" + name + "?region=us-east-1&use_path_style=true&endpoint=" + server.URL
	}
	dir := t.TempDir()
	at := []string{"--data", dir, "--keyring", bucket("keys"), "--evidence", bucket("evidence")}
	cliOutput(t, append([]string{"demo", "--once", "--centers", "2"}, at...)...)
	if list := cliOutput(t, append([]string{"account", "list"}, at...)...); !strings.Contains(list, "演示组织者") {
		t.Errorf("persons cannot be read from the bucket's keys: %s", list)
	}
	for name, least := range map[string]int{"keys": 20, "evidence": 48} {
		objects, err := backend.ListBucket(name, nil, gofakes3.ListBucketPage{})
		if err != nil {
			t.Fatal(err)
		}
		if len(objects.Contents) < least {
			t.Errorf("bucket %s has %d objects, at least %d expected", name, len(objects.Contents), least)
		}
	}
	for _, folder := range []string{keyringFolder, evidenceFolder} {
		if there, err := exists(dir + "/" + folder); err != nil || there {
			t.Errorf("%s lies in the data folder too: %v, %v", folder, there, err)
		}
	}
	cliOutput(t, append([]string{"account", "erase", "auditor@demo.invalid", "--reason", "本人要求", "--yes"}, at...)...)
	if list := cliOutput(t, append([]string{"account", "list"}, at...)...); strings.Contains(list, "演示审计员") {
		t.Errorf("an erased person can be read: %s", list)
	}
}
