package registry_test

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"mingjian/domain"
	"mingjian/domain/registry"
)

const header = "code,district_code,district,name\n"

// The real roster: read, registered, and looked up.
func TestRealRoster(t *testing.T) {
	file, err := os.Open("../../criteria/roster/shanghai.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := registry.ReadRoster("shanghai.csv", file)
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Row{Line: 2, Code: "310101002", DistrictCode: "310101", DistrictName: "黄浦区", Area: "南京东路街道"}
	if len(rows) != 215 || rows[0] != want || rows[214].Line != 216 {
		t.Fatalf("%d rows, from %+v to %+v", len(rows), rows[0], rows[len(rows)-1])
	}
	r := registry.New()
	events, err := r.Register(by, rows, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if err := r.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.Districts) != 16 || len(r.Centers) != 215 || len(events) != 16+215 {
		t.Errorf("%d districts, %d centers, %d events; want 16, 215, 231", len(r.Districts), len(r.Centers), len(events))
	}
	for _, c := range r.Centers {
		if !strings.HasPrefix(c.Code, c.District) {
			t.Errorf("center %s in district %s", c.Code, c.District)
		}
	}
}

func TestReadRoster(t *testing.T) {
	one := []registry.Row{{Line: 2, Code: "310101002", DistrictCode: "310101", DistrictName: "黄浦区", Area: "南京东路街道"}}
	third := one[0]
	third.Line = 4
	const line = "310101002,310101,黄浦区,南京东路街道"
	for name, test := range map[string]struct {
		text string
		want []registry.Row
	}{
		"plain":                 {header + line + "\n", one},
		"no last line end":      {header + line, one},
		"Windows line ends":     {strings.ReplaceAll(header+line+"\n", "\n", "\r\n"), one},
		"byte order mark":       {"\ufeff" + header + line, one},
		"blank lines":           {header + "\n\n" + line + "\n\n", []registry.Row{third}},
		"quoted fields":         {header + `310101002,310101,"黄浦区","南京东路街道"`, one},
		"a comma within quotes": {header + `310101002,310101,黄浦区,"a,""b"""`, []registry.Row{{Line: 2, Code: "310101002", DistrictCode: "310101", DistrictName: "黄浦区", Area: `a,"b"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				got, err := registry.ReadRoster("r.csv", src)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestReadRosterRefuses(t *testing.T) {
	const good = "310101002,310101,黄浦区,南京东路街道\n"
	for name, test := range map[string]struct {
		text string
		want []string // one line of the error each
	}{
		"empty":                     {"", []string{"r.csv:1: the header is not code,district_code,district,name: invalid input"}},
		"a byte order mark alone":   {"\ufeff", []string{"r.csv:1: the header is not"}},
		"no header":                 {good, []string{"r.csv:1: the header is not"}},
		"another header":            {"code,district_code,name,district\n" + good, []string{"r.csv:1: the header is not"}},
		"a header in capitals":      {strings.ToUpper(header) + good, []string{"r.csv:1: the header is not"}},
		"semicolons":                {strings.ReplaceAll(header+good, ",", ";"), []string{"r.csv:1: the header is not"}},
		"a broken header":           {"co\"de,district_code\n" + good, []string{`r.csv:1: the header: parse error on line 1`}},
		"a header alone":            {header, []string{"r.csv: no centers: invalid input"}},
		"too few fields":            {header + "310101002,310101,黄浦区\n", []string{"r.csv:2: 3 fields, want 4"}},
		"too many fields":           {header + good + "310101003,310101,黄浦区,a,b\n", []string{"r.csv:3: 5 fields, want 4"}},
		"a bare quote":              {header + good + "310101003,310101,黄\"浦区,a\n", []string{`r.csv:3: bare " in non-quoted-field`}},
		"a bare quote up front":     {header + "3101\"01003,310101,黄浦区,a\n" + good, []string{`r.csv:2: bare "`}},
		"a quote left open":         {header + good + "310101003,310101,黄浦区,\"a\n" + good, []string{`r.csv:3: extraneous or missing " in quoted-field`}},
		"a line of quotes":          {header + "\"\n", []string{`r.csv:2: extraneous or missing "`}},
		"a center twice":            {header + good + "310101002,310101,黄浦区,外滩街道\n", []string{"r.csv:3: center code 310101002 stands on line 2 already: exists already"}},
		"a district of two names":   {header + good + "310101003,310101,徐汇区,外滩街道\n", []string{"r.csv:3: district 310101 is 黄浦区 on an earlier line, here 徐汇区"}},
		"a center and its district": {header + good + "310101002,310101,徐汇区,外滩街道\n", []string{"r.csv:3: center code 310101002", "r.csv:3: district 310101 is"}},
		"an empty name":             {header + "310101002,310101,黄浦区,\n", []string{"r.csv:2: center 310101002 needs a name"}},
		"a name in GBK":             {header + "310101002,310101,\xbb\xc6\xc6\xd6,x\n", []string{"r.csv:2: the name of district 310101 is not valid UTF-8"}},
		"a name with blanks":        {header + "310101002,310101,黄浦区, 外滩街道\n", []string{"r.csv:2: the name of center 310101002 begins or ends with a blank"}},
		"a name of two lines":       {header + "310101002,310101,黄浦区,\"外滩\n街道\"\n", []string{"r.csv:2: the name of center 310101002 begins or ends with a blank, or holds a control character"}},
		"all faults of a line":      {header + "31,32,,\n", []string{`r.csv:2: center code "31" is not 9 digits`, `r.csv:2: district code "32" is not 6 digits`, "r.csv:2: district 32 needs a name", "r.csv:2: center 31 needs a name"}},
		"all faults of a file": {
			header + "x,310101,黄浦区,a\n" + good + "1\n" + "310101003,310101,黄\"浦区,a\n" + good + "310101004,310101,徐汇区,\"a\nb\"\n" + "y,310101,黄浦区,a\n",
			[]string{`r.csv:2: center code "x"`, "r.csv:4: 1 fields", `r.csv:5: bare "`, "r.csv:6: center code 310101002 stands on line 3", "r.csv:7: the name of center 310101004", `r.csv:9: center code "y"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := registry.ReadRoster("r.csv", strings.NewReader(test.text))
			if rows != nil || err == nil || (!errors.Is(err, domain.ErrInvalid) && !errors.Is(err, domain.ErrExists)) {
				t.Fatalf("%d rows, error %v; want ErrInvalid or ErrExists", len(rows), err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("%d faults, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("fault %d is %q, want %q", i, lines[i], want)
				}
			}
		})
	}
}

// A read that breaks off is an error, never a short roster.
func TestReadRosterBrokenOff(t *testing.T) {
	broken := errors.New("cable pulled")
	for _, text := range []string{"", header, header + "310101002,310101,黄浦区,南京东路街道\n"} {
		src := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if rows, err := registry.ReadRoster("r.csv", src); !errors.Is(err, broken) || errors.Is(err, domain.ErrInvalid) || rows != nil {
			t.Errorf("after %d bytes: %d rows, %v; want the reader's error, which is no fault of the file", len(text), len(rows), err)
		}
	}
}

func FuzzReadRoster(f *testing.F) {
	for _, text := range []string{
		"", header, header + "310101002,310101,黄浦区,南京东路街道\n", "\ufeff" + header + "\"", header + "\"\"\"\n,,,\n",
		header + "a\"b,c\n", header + "310101002,310101,x,\"y\nz\"\r\n310101002,310101,x,y", strings.ReplaceAll(header, "\n", "\r\n"),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := registry.ReadRoster("r.csv", strings.NewReader(text))
		if err != nil {
			if rows != nil || (!errors.Is(err, domain.ErrInvalid) && !errors.Is(err, domain.ErrExists)) {
				t.Fatalf("%d rows with %v", len(rows), err)
			}
			return
		}
		r := registry.New()
		events, err := r.Register(by, rows, false)
		if err != nil {
			t.Fatalf("read and not registered: %v", err)
		}
		again, err := registry.ReadRoster("r.csv", strings.NewReader(text))
		if err != nil || !reflect.DeepEqual(rows, again) || len(events) < len(rows) {
			t.Fatalf("%d rows, then %d, %v; %d events", len(rows), len(again), err, len(events))
		}
		for _, row := range rows {
			if row.Line < 2 || !utf8.ValidString(row.Area+row.DistrictName) {
				t.Fatalf("row %+v", row)
			}
		}
	})
}
