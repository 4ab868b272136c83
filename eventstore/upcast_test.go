package eventstore

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/assessment"
	"mingjian/domain/round"
)

// old is what an event of an earlier version is read as today, worked out from
// the current sample: what came later is as the upcaster gives it, or absent.
func old(t *testing.T, name string, version int) domain.Event {
	t.Helper()
	for _, sample := range samples() {
		switch e := sample.(type) {
		case *round.Opened:
			if name != e.EventType() {
				continue
			}
			e.Calendar, e.CalendarHash, e.AppealDays, e.DecisionDays, e.Notice = "", "", 5, 10, false
			if version == 1 {
				e.Guide, e.GuideHash = "", ""
			}
			return e
		case *assessment.HonorClaimed:
			if name == e.EventType() {
				e.With = nil
				return e
			}
		}
	}
	t.Fatalf("no sample of %s", name)
	return nil
}

// A round that was opened before deadlines were counted has the days that are
// the rule, and no calendar.
func TestUpcastGoldens(t *testing.T) {
	codec := NewCodec()
	for _, test := range []struct {
		name    string
		version int
	}{{"round.Opened", 1}, {"round.Opened", 2}, {"assessment.HonorClaimed", 1}} {
		golden := readGolden(t, test.name, test.version)
		laidOut := otherHands(t, golden)
		for _, data := range [][]byte{golden, laidOut} {
			got, err := codec.Decode(test.name, data)
			if err != nil {
				t.Errorf("%s version %d: %v in %s", test.name, test.version, err, data)
			} else if diff := cmp.Diff(old(t, test.name, test.version), got); diff != "" {
				t.Errorf("%s version %d (-want +got):\n%s", test.name, test.version, diff)
			}
		}
	}
}

// otherHands is the same JSON with its fields in another order.
func otherHands(t *testing.T, data []byte) []byte {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(fields, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What an upcaster adds passes the same checks as what was stored: an event that
// was lifted is one that could have been written then.
func TestUpcastRefuses(t *testing.T) {
	codec := NewCodec()
	for _, version := range []int{1, 2} {
		golden := string(readGolden(t, "round.Opened", version))
		with := func(fields string) string { return strings.TrimSuffix(golden, "}") + "," + fields + "}" }
		for what, data := range map[string]string{
			"an unknown field":                 with(`"later":1`),
			"a field of version 3, appeals":    with(`"appealDays":7`),
			"a field of version 3, decisions":  with(`"decisionDays":20`),
			"a field of version 3, a calendar": with(`"calendar":"cn"`),
			"a field of version 3, its hash":   with(`"calendarHash":"c1"`),
			"a field of version 3, a notice":   with(`"notice":true`),
			"a field twice":                    with(`"round":"2022-other"`),
			"a field twice, with an escape":    with(`"rou\u006ed":"2022-other"`),
			"a field in other case":            with(`"Guide":"x"`),
			"null":                             with(`"demo":null`),
			"no day for a period":              strings.Replace(golden, `"2022-06-01"`, `20220601`, 1),
			"text that is not UTF-8":           strings.Replace(golden, "年", "\xe5", 1),
			"cut":                              golden[:len(golden)-1],
			"cut in the middle":                golden[:len(golden)/2],
			"more after it":                    golden + "}",
			"another event after it":           golden + golden,
			"an array":                         "[" + golden + "]",
		} {
			if event, err := codec.Decode("round.Opened", []byte(data)); !errors.Is(err, ErrUndecodable) || event != nil {
				t.Errorf("version %d, %s: decoded as %+v, %v; want ErrUndecodable", version, what, event, err)
			}
		}
	}
}

// Each upcaster leads to the version that the codec writes, or to one before it
// that only lacks fields.
func TestUpcastersAreOfKnownEvents(t *testing.T) {
	kinds := NewCodec().kinds
	for name, ups := range upcasters {
		if k, ok := kinds[name]; !ok || len(ups) > k.version-1 {
			t.Errorf("%s has upcasters up to version %d, the codec knows %d", name, len(ups)+1, k.version)
		}
	}
}

// What has no upcaster is passed on as it is: no copy, no parsing.
func TestLiftCostsNothingWithoutAnUpcaster(t *testing.T) {
	body := []byte(`{"by":"k3fq7m2xw5zn4abc"}`)
	got, err := lift("assessment.ScoreRecorded", 1, body)
	if err != nil || &got[0] != &body[0] {
		t.Errorf("lifted to %s, %v; want the same bytes", got, err)
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _ = lift("assessment.ScoreRecorded", 1, body) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
