package eventstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/assessment"
)

const submitted = "assessment.Submitted"

func TestDecodeRefuses(t *testing.T) {
	const stamp = `"by":"k","at":"2022-06-07T08:09:10Z"`
	tests := []struct{ what, name, data string }{
		{"unknown type", "assessment.Invented", `{"v":1,` + stamp + `}`},
		{"type in other case", "assessment.submitted", `{"v":1,` + stamp + `}`},
		{"no type", "", `{"v":1,` + stamp + `}`},
		{"version 0", submitted, `{"v":0,` + stamp + `}`},
		{"version 2", submitted, `{"v":2,` + stamp + `}`},
		{"version -1", submitted, `{"v":-1,` + stamp + `}`},
		{"version 01", submitted, `{"v":01,` + stamp + `}`},
		{"version 1.0", submitted, `{"v":1.0,` + stamp + `}`},
		{"version of many digits", submitted, `{"v":18446744073709551617,` + stamp + `}`},
		{"version as text", submitted, `{"v":"1",` + stamp + `}`},
		{"version null", submitted, `{"v":null,` + stamp + `}`},
		{"version missing", submitted, `{` + stamp + `}`},
		{"version in capitals", submitted, `{"V":1,` + stamp + `}`},
		{"version twice, first in place", submitted, `{"v":1,"v":1,` + stamp + `}`},
		{"version twice, laid out by other hands", submitted, `{ "v":2,` + stamp + `,"v":1}`},
		{"unknown field", submitted, `{"v":1,` + stamp + `,"note":"x"}`},
		{"unknown field, other hands", submitted, `{` + stamp + `,"note":"x","v":1}`},
		{"unknown field in an object", "round.Opened", `{"v":1,"assessment":{"from":"2022-01-01","until":"x"}}`},
		{"field in other case", submitted, `{"v":1,"By":"k"}`},
		{"embedded struct by its Go name", submitted, `{"v":1,"Stamp":{` + stamp + `}}`},
		{"field twice", submitted, `{"v":1,` + stamp + `,"by":"z"}`},
		{"field twice, with an escape", submitted, `{"v":1,` + stamp + `,"b\u0079":"z"}`},
		{"key with an escape", submitted, `{"v":1,"b\u0079":"z"}`},
		{"field twice in an object", "round.Opened", `{"v":1,"honors":{"from":"a","to":"b","from":"c"}}`},
		{"null", submitted, `{"v":1,"by":null}`},
		{"null in an array", "assessment.ScoreRecorded", `{"v":1,"evidence":[null]}`},
		{"null for points", "assessment.HonorAccepted", `{"v":1,"points":null}`},
		{"null for an object", "round.Opened", `{"v":1,"honors":null}`},
		{"trailing garbage", submitted, `{"v":1,` + stamp + `}x`},
		{"trailing object", submitted, `{"v":1,` + stamp + `}{}`},
		{"trailing NUL", submitted, `{"v":1,` + stamp + "}\x00"},
		{"trailing comma", submitted, `{"v":1,` + stamp + `,}`},
		{"comma and nothing", submitted, `{"v":1,}`},
		{"comma in front", submitted, `{,"v":1}`},
		{"cut", submitted, `{"v":1,` + stamp},
		{"empty", submitted, ``},
		{"blank", submitted, ` `},
		{"null document", submitted, `null`},
		{"array document", submitted, `[1]`},
		{"byte order mark", submitted, "\ufeff" + `{"v":1,` + stamp + `}`},
		{"number for text", submitted, `{"v":1,"by":1}`},
		{"text for a number", "assessment.HonorAccepted", `{"v":1,"honor":"1"}`},
		{"fraction for an integer", "assessment.HonorAccepted", `{"v":1,"honor":1.0}`},
		{"exponent for an integer", "assessment.HonorAccepted", `{"v":1,"honor":1e0}`},
		{"integer over 63 bits", "round.Published", `{"v":1,"logSize":9223372036854775808}`},
		{"huge exponent", "round.Published", `{"v":1,"logSize":1e400}`},
		{"leading zero", "round.Published", `{"v":1,"logSize":01}`},
		{"points as text", "assessment.HonorAccepted", `{"v":1,"points":"0.5"}`},
		{"points with an exponent", "assessment.HonorAccepted", `{"v":1,"points":5e-1}`},
		{"points with three decimals", "assessment.HonorAccepted", `{"v":1,"points":0.125}`},
		{"points out of bounds", "assessment.HonorAccepted", `{"v":1,"points":1` + strings.Repeat("0", 400) + `}`},
		{"number for truth", "round.Opened", `{"v":1,"demo":1}`},
		{"object for an array", "assessment.ScoreRecorded", `{"v":1,"evidence":{}}`},
		{"array for an object", "round.Opened", `{"v":1,"honors":[]}`},
		{"time of another form", submitted, `{"v":1,"at":"2022-06-07 08:09:10"}`},
		{"time as a number", submitted, `{"v":1,"at":1654589350}`},
		{"bytes that are not UTF-8", submitted, "{\"v\":1,\"by\":\"a\xffb\"}"},
		{"not UTF-8, other hands", submitted, "{\"by\":\"a\xffb\",\"v\":1}"},
		{"half a surrogate pair", submitted, `{"v":1,"by":"a\ud800b"}`},
		{"control character in text", submitted, "{\"v\":1,\"by\":\"a\x01b\"}"},
		{"unknown escape", submitted, `{"v":1,"by":"\x41"}`},
		{"deep nesting", submitted, `{"v":1,"by":` + strings.Repeat("[", 100_000)},
		{"deep nesting, other hands", submitted, `{"by":` + strings.Repeat("[", 100_000)},
	}
	codec := NewCodec()
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			event, err := codec.Decode(test.name, []byte(test.data))
			if !errors.Is(err, ErrUndecodable) || event != nil {
				t.Errorf("decoded %.200s as %+v, %v; want ErrUndecodable", test.data, event, err)
			}
		})
	}
	if _, err := codec.Decode("assessment.Invented", []byte(`{"v":1}`)); !errors.Is(err, domain.ErrUnknownEvent) {
		t.Errorf("unknown type: %v, want ErrUnknownEvent too", err)
	}
}

// Each version that this program does not know is refused, whatever the type.
func TestDecodeRefusesOtherVersionsAndFieldsOfEveryType(t *testing.T) {
	codec := NewCodec()
	for name, k := range codec.kinds {
		golden := string(readGolden(t, name, k.version))
		rest := strings.TrimPrefix(golden, fmt.Sprintf(`{"v":%d`, k.version))
		for _, data := range []string{
			fmt.Sprintf(`{"v":%d%s`, k.version+1, rest),
			`{` + strings.TrimPrefix(rest, ","),
			strings.TrimSuffix(golden, "}") + `,"later":1}`,
			golden + "}",
			golden[:len(golden)-1],
		} {
			if event, err := codec.Decode(name, []byte(data)); !errors.Is(err, ErrUndecodable) {
				t.Errorf("%s: %s decoded as %+v, %v", name, data, event, err)
			}
		}
	}
}

// Other programs may lay the same JSON out in other ways.
func TestDecodeOtherHands(t *testing.T) {
	codec := NewCodec()
	for _, sample := range samples() {
		name := sample.EventType()
		version := codec.kinds[name].version
		golden := readGolden(t, name, version)
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(golden, &fields); err != nil {
			t.Fatal(err)
		}
		indented, err := json.MarshalIndent(fields, " ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		delete(fields, "v")
		var last strings.Builder // fields backwards, v last
		last.WriteString("{\r\n")
		for _, key := range slices.Backward(slices.Sorted(maps.Keys(fields))) {
			fmt.Fprintf(&last, "%q : %s , ", key, fields[key])
		}
		fmt.Fprintf(&last, "\"v\" : %d\n} ", version)
		for _, data := range []string{string(indented), last.String(), string(golden) + "\n"} {
			got, err := codec.Decode(name, []byte(data))
			if err != nil {
				t.Errorf("%s: %v in %s", name, err, data)
			} else if diff := cmp.Diff(sample, got); diff != "" {
				t.Errorf("%s: %s\n%s", name, diff, data)
			}
		}
	}
}

// What a decoded event holds must not change when the buffer is used again.
func TestDecodeCopies(t *testing.T) {
	codec := NewCodec()
	for _, sample := range samples() {
		_, data, err := codec.Encode(sample)
		if err != nil {
			t.Fatal(err)
		}
		event, err := codec.Decode(sample.EventType(), data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			data[i] = 'x'
		}
		if !reflect.DeepEqual(event, sample) {
			t.Errorf("%s shares memory with its data", sample.EventType())
		}
	}
}

// Points pass through no float: each hundredth up to the total is exact.
func TestDecodePointsExactly(t *testing.T) {
	codec := NewCodec()
	for cents := range domain.Points(10_001) {
		for _, text := range []string{cents.String(), fmt.Sprintf("%d.%02d", cents/100, cents%100)} {
			event, err := codec.Decode("assessment.HonorAccepted", []byte(`{"v":1,"honor":1,"points":`+text+`}`))
			if err != nil {
				t.Fatal(err)
			}
			if got := event.(*assessment.HonorAccepted).Points; got != cents {
				t.Fatalf("%s decoded as %d hundredths", text, int64(got))
			}
		}
	}
}

type invented struct{}

func (invented) EventType() string { return "assessment.Invented" }

func TestEncodeRefusesWhatTheCodecDoesNotKnow(t *testing.T) {
	name, data, err := NewCodec().Encode(invented{})
	if !errors.Is(err, domain.ErrUnknownEvent) || name != "" || data != nil {
		t.Errorf("encoded as %q %s, %v; want ErrUnknownEvent", name, data, err)
	}
}

func TestEncodeRefusesWhatJSONCannotHold(t *testing.T) {
	event := &assessment.Submitted{}
	event.At = event.At.AddDate(20_000, 0, 0)
	if _, data, err := NewCodec().Encode(event); err == nil {
		t.Errorf("the year 20001 encoded as %s", data)
	}
}
