package domain_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mingjian/domain"
)

func TestParsePoints(t *testing.T) {
	tests := []struct {
		text string
		want domain.Points
		json string
	}{
		{"0", 0, "0"},
		{"-0", 0, "0"},
		{"0.00", 0, "0"},
		{"3", 300, "3"},
		{"03", 300, "3"},
		{"3.5", 350, "3.5"},
		{"3.50", 350, "3.5"},
		{"3.05", 305, "3.05"},
		{"12.25", 1225, "12.25"},
		{"-0.5", -50, "-0.5"},
		{"-0.01", -1, "-0.01"},
		{"10000000", 1_000_000_000, "10000000"},
		{"10000000.00", 1_000_000_000, "10000000"},
		{"-10000000", -1_000_000_000, "-10000000"},
		{strings.Repeat("0", 300) + "1", 100, "1"},
	}
	for _, test := range tests {
		got, err := domain.ParsePoints(test.text)
		if err != nil || got != test.want {
			t.Errorf("ParsePoints(%.40q) = %d, %v; want %d", test.text, got, err, test.want)
			continue
		}
		out, err := json.Marshal(got)
		if err != nil || string(out) != test.json {
			t.Errorf("JSON of %q = %s, %v; want %s", test.text, out, err, test.json)
		}
	}
}

func TestParsePointsRefuses(t *testing.T) {
	for _, text := range []string{
		"", ".", "-", "+1", "-.", "-.5", ".5", "5.", "--1", "1-", "1.2.3", "..1",
		"3.555", "3.000", "0.001", "1e3", "1E3", "0x10", "1_000", "1,5", "1 ", " 1", "½", "１", "１２",
		"NaN", "nan", "Inf", "-Inf", "null", "10000000.01", "10000001", "-10000000.01",
		"9223372036854775807", "92233720368547758.08", "18446744073709551617", strings.Repeat("9", 400), "1\x00",
	} {
		if got, err := domain.ParsePoints(text); !errors.Is(err, domain.ErrPoints) || got != 0 {
			t.Errorf("ParsePoints(%.40q) = %d, %v; want ErrPoints", text, got, err)
		}
	}
}

// An error quotes what was typed, but not a page of it.
func TestParsePointsErrorIsShort(t *testing.T) {
	_, err := domain.ParsePoints(strings.Repeat("7", 10_000))
	if len(err.Error()) > 120 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func TestPointsString(t *testing.T) {
	for points, want := range map[domain.Points]string{
		0: "0.00", 1: "0.01", 10: "0.10", 350: "3.50", -1: "-0.01", -50: "-0.50", -350: "-3.50",
		domain.Whole(100): "100.00", 9_999: "99.99",
	} {
		if got := points.String(); got != want {
			t.Errorf("Points(%d) = %q, want %q", int64(points), got, want)
		}
	}
}

func TestPointsUnmarshal(t *testing.T) {
	var sheet struct{ Lost domain.Points }
	if err := json.Unmarshal([]byte(`{"Lost": 0.29}`), &sheet); err != nil || sheet.Lost != 29 {
		t.Errorf("0.29 read as %d, %v; want 29", sheet.Lost, err)
	}
	for _, text := range []string{`"3"`, `3.555`, `1e2`, `null`, `true`, `[3]`, `{}`} {
		sheet.Lost = 700
		err := json.Unmarshal([]byte(`{"Lost": `+text+`}`), &sheet)
		if !errors.Is(err, domain.ErrPoints) || sheet.Lost != 700 {
			t.Errorf("%s read as %d, %v; want ErrPoints and nothing written", text, sheet.Lost, err)
		}
	}
}

// Both ways of writing points read back as the same points.
func TestPointsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := anyPoints.Draw(t, "points")
		if back, err := domain.ParsePoints(points.String()); err != nil || back != points {
			t.Fatalf("%d written %q, read %d, %v", int64(points), points, back, err)
		}
		out, err := json.Marshal(points)
		if err != nil {
			t.Fatal(err)
		}
		var back domain.Points
		if err := json.Unmarshal(out, &back); err != nil || back != points {
			t.Fatalf("%d written %s, read %d, %v", int64(points), out, back, err)
		}
	})
}

// anyPoints draws whatever ParsePoints can return.
var anyPoints = rapid.Map(rapid.Int64Range(-1_000_000_000, 1_000_000_000),
	func(n int64) domain.Points { return domain.Points(n) })

func FuzzParsePoints(f *testing.F) {
	for _, text := range []string{"0", "-0.5", "12.25", "3.555", "1e3", "", ".", "-", "+1", "NaN", "99999999999999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		points, err := domain.ParsePoints(text)
		if err != nil {
			if points != 0 || !errors.Is(err, domain.ErrPoints) {
				t.Fatalf("%q: %d with %v", text, points, err)
			}
			return
		}
		if math.Abs(float64(points)) > 1e9 {
			t.Fatalf("%q: %d is out of bounds", text, points)
		}
		if again, err := domain.ParsePoints(points.String()); err != nil || again != points {
			t.Fatalf("%q: %d, then %d, %v", text, points, again, err)
		}
	})
}
