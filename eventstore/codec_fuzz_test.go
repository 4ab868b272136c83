package eventstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mingjian/domain"
)

// FuzzDecode: data never panic; what decodes is what encoding/json reads too,
// and is the same after being written and read again.
func FuzzDecode(f *testing.F) {
	codec := NewCodec()
	names := slices.Sorted(maps.Keys(codec.kinds))
	for i, name := range names {
		golden := readGolden(f, name, codec.kinds[name].version)
		f.Add(byte(i), golden)
		f.Add(byte(i), append(append([]byte(`{`), bytes.TrimPrefix(golden[:len(golden)-1], []byte(`{"v":1,`))...), `,"v":1}`...))
		f.Add(byte(i), bytes.ReplaceAll(golden, []byte(`":"`), []byte(`" : "\u4e2d`)))
	}
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		name := names[int(which)%len(names)]
		event, err := codec.Decode(name, data)
		if err != nil {
			if !errors.Is(err, ErrUndecodable) || event != nil {
				t.Fatalf("%+v, %v: not ErrUndecodable", event, err)
			}
			return
		}
		plain := codec.kinds[name].fresh()
		if err := json.Unmarshal(data, plain); err != nil || !reflect.DeepEqual(event, plain) {
			t.Fatalf("decoded %+v, encoding/json %+v, %v", event, plain, err)
		}
		first, again := reencode(t, codec, event)
		if !bytes.Equal(first, again) {
			t.Fatalf("written %s, then %s", first, again)
		}
	})
}

// reencode writes, reads and writes an event.
func reencode(t *testing.T, codec *Codec, event domain.Event) (first, again []byte) {
	name, first, err := codec.Encode(event)
	if err != nil {
		// time.Time reads zones of 24 hours and more and does not write them.
		if !strings.Contains(err.Error(), "timezone hour outside of range") {
			t.Fatal(err)
		}
		return nil, nil
	}
	back, err := codec.Decode(name, first)
	if err != nil {
		t.Fatalf("%s: %v", first, err)
	}
	_, again, err = codec.Encode(back)
	if err != nil {
		t.Fatal(err)
	}
	return first, again
}

// BenchmarkDecode is the cost of one event, all types in turn, beside what
// encoding/json would cost with the same strictness about fields.
func BenchmarkDecode(b *testing.B) {
	codec := NewCodec()
	var names []string
	var data [][]byte
	for _, sample := range samples() {
		name, encoded, err := codec.Encode(sample)
		if err != nil {
			b.Fatal(err)
		}
		names, data = append(names, name), append(data, encoded)
	}
	b.Run("codec", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := codec.Decode(names[i%len(names)], data[i%len(data)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, body, err := splitVersion(data[i%len(data)])
			if err != nil {
				b.Fatal(err)
			}
			decoder := json.NewDecoder(bytes.NewReader(body))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(codec.kinds[names[i%len(names)]].fresh()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unambiguous", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := unambiguous(data[i%len(data)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
