package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// The layers, each with what it may import of the program.
var layers = []struct{ prefix, allowed string }{
	{"mingjian/domain", "mingjian/domain"},
	{"mingjian/criteria", "mingjian/domain"},
	{"mingjian/eventstore/embedded", "mingjian/eventstore/embedded"},
	{"mingjian/eventstore/contract", "mingjian/eventstore/contract"},
	{"mingjian/eventstore", "mingjian/domain mingjian/eventstore"},
	{"mingjian/projections", "mingjian/domain mingjian/criteria mingjian/eventstore mingjian/internal/atomicfile mingjian/projections"},
	{"mingjian/api", "mingjian/domain mingjian/criteria mingjian/eventstore mingjian/projections mingjian/transparency mingjian/internal/strictjson mingjian/api"},
	{"mingjian/transparency", "mingjian/domain mingjian/criteria mingjian/eventstore mingjian/internal/atomicfile mingjian/transparency"},
	{"mingjian/site", "mingjian/domain mingjian/criteria mingjian/transparency mingjian/site"},
	{"mingjian/reactions", "mingjian/domain mingjian/eventstore mingjian/projections mingjian/api/command mingjian/api/mail mingjian/internal/atomicfile mingjian/reactions"},
	{"mingjian/internal/testrig", "mingjian/domain mingjian/criteria mingjian/eventstore mingjian/projections mingjian/api"},
	{"mingjian/internal/atomicfile", ""},
	{"mingjian/internal/strictjson", ""},
	{"mingjian/cmd", "mingjian"},
}

const officialClient = "github.com/EventStore/EventStore-Client-Go/"

func TestImportsGoOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "mingjian/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	packages := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages++
		for _, fault := range importFaults(p.ImportPath, p.Imports) {
			t.Error(fault)
		}
	}
	if packages < 10 {
		t.Fatalf("looked at %d packages only", packages)
	}
}

func TestImportFaultsAreFound(t *testing.T) {
	for importer, imported := range map[string]string{
		"mingjian/domain/round":        "mingjian/eventstore",
		"mingjian/domain":              "github.com/google/uuid",
		"mingjian/projections":         "mingjian/api",
		"mingjian/api":                 officialClient + "v4/esdb",
		"mingjian/eventstore/embedded": "mingjian/domain",
		"mingjian/site":                "mingjian/projections",
		"mingjian/reactions":           "mingjian/site",
		"mingjian/api/command":         "mingjian/reactions",
		"mingjian/elsewhere":           "mingjian/domain",
	} {
		if len(importFaults(importer, []string{imported})) == 0 {
			t.Errorf("%s may import %s", importer, imported)
		}
	}
}

func importFaults(importer string, imports []string) (faults []string) {
	under := func(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
	at := -1
	for i, layer := range layers {
		if under(importer, layer.prefix) {
			at = i
			break
		}
	}
	if at < 0 {
		return []string{importer + " has no layer"}
	}
	for _, imported := range imports {
		switch {
		case strings.HasPrefix(imported, officialClient) && !under(importer, "mingjian/eventstore"):
			faults = append(faults, importer+" imports the official client, which only eventstore may")
		case under(importer, "mingjian/domain") && !under(imported, "mingjian") && strings.Contains(imported, "."):
			faults = append(faults, importer+" imports "+imported+"; domain is standard library only")
		case under(imported, "mingjian"):
			ok := false
			for allowed := range strings.FieldsSeq(layers[at].allowed) {
				ok = ok || under(imported, allowed)
			}
			if !ok {
				faults = append(faults, importer+" imports "+imported+" against the direction of the layers")
			}
		}
	}
	return faults
}
