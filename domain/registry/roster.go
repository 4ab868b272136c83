package registry

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"mingjian/domain"
)

// Row is one center of a roster file.
type Row struct {
	Line                                   int
	Code, DistrictCode, DistrictName, Area string
}

var rosterHeader = []string{"code", "district_code", "district", "name"}

// ReadRoster reads a roster: UTF-8 CSV with the header
// code,district_code,district,name. All faults are reported at once, each with
// its line; with any fault no row is returned.
func ReadRoster(file string, src io.Reader) ([]Row, error) {
	reader := csv.NewReader(src)
	reader.FieldsPerRecord = -1 // counted below, so that one bad line hides no other
	header, err := reader.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		var broken *csv.ParseError
		if !errors.As(err, &broken) {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return nil, fmt.Errorf("%s:1: the header: %w: %w", file, err, domain.ErrInvalid)
	}
	if len(header) > 0 {
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
	}
	if !slices.Equal(header, rosterHeader) {
		return nil, fmt.Errorf("%s:1: the header is not %s: %w", file, strings.Join(rosterHeader, ","), domain.ErrInvalid)
	}
	var rows []Row
	var faults []error
	check := rosterCheck{codes: map[string]int{}, districts: map[string]string{}}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var broken *csv.ParseError
			if !errors.As(err, &broken) {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			faults = append(faults, fmt.Errorf("%s:%d: %w: %w", file, broken.StartLine, broken.Err, domain.ErrInvalid))
			continue
		}
		line, _ := reader.FieldPos(0) // panics after an error in the first field
		row, wrong := check.row(record, line)
		for _, err := range wrong {
			faults = append(faults, fmt.Errorf("%s:%d: %w", file, line, err))
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 && len(faults) == 0 {
		return nil, fmt.Errorf("%s: no centers: %w", file, domain.ErrInvalid)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return rows, nil
}

// rosterCheck remembers what earlier lines said.
type rosterCheck struct {
	codes     map[string]int    // center code → line
	districts map[string]string // district code → name
}

func (c rosterCheck) row(record []string, line int) (row Row, faults []error) {
	if len(record) != len(rosterHeader) {
		return Row{}, []error{fmt.Errorf("%d fields, want %d: %w", len(record), len(rosterHeader), domain.ErrInvalid)}
	}
	row = Row{Line: line, Code: record[0], DistrictCode: record[1], DistrictName: record[2], Area: record[3]}
	for _, err := range []error{
		checkCode("center", row.Code, 9), checkCode("district", row.DistrictCode, 6),
		checkName("district "+row.DistrictCode, row.DistrictName), checkName("center "+row.Code, row.Area),
	} {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return Row{}, faults
	}
	if first, twice := c.codes[row.Code]; twice {
		faults = append(faults, fmt.Errorf("center code %s stands on line %d already: %w", row.Code, first, domain.ErrExists))
	} else {
		c.codes[row.Code] = line
	}
	if name, ok := c.districts[row.DistrictCode]; ok && name != row.DistrictName {
		faults = append(faults, fmt.Errorf("district %s is %s on an earlier line, here %s: %w", row.DistrictCode, name, row.DistrictName, domain.ErrExists))
	} else {
		c.districts[row.DistrictCode] = row.DistrictName
	}
	return row, faults
}
