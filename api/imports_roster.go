package api

import (
	"context"
	"encoding/json"
	"fmt"

	"mingjian/api/sheets"
	"mingjian/domain/registry"
)

// planRoster makes one command of all that is new.
func (r *importing) planRoster() ([]step, error) {
	rows, err := readRows(r, sheets.Roster())
	if err != nil {
		return nil, err
	}
	known, err := r.subjects()
	if err != nil {
		return nil, err
	}
	var added, there step
	there.repeated = true
	for _, row := range rows {
		if name, ok := known.districts[row.DistrictCode]; ok && name != row.DistrictName {
			r.fault(row.Line, "district", row.DistrictName,
				fmt.Sprintf("区代码 %s 已登记为“%s”，请改为一致。", row.DistrictCode, name),
				fmt.Sprintf("District %s is registered as %s: write the same name.", row.DistrictCode, name))
			continue
		}
		c, ok := known.centers[row.Code]
		switch {
		case !ok:
			added.lines = append(added.lines, row.Line)
		case c.District == row.DistrictCode && c.Name == registry.CenterName(row.Area, false):
			there.lines = append(there.lines, row.Line)
		default:
			r.fault(row.Line, "code", row.Code,
				fmt.Sprintf("该代码已登记为 %s 区的“%s”，请核对代码、名称和区，或删去本行。", c.District, c.Name),
				fmt.Sprintf("Center %s is registered as %s in district %s: check code, name and district, or delete the row.", row.Code, c.Name, c.District))
		}
	}
	if len(added.lines) == 0 {
		return []step{there}, nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	added.run = func(ctx context.Context) (stepDone, error) {
		receipt, err := r.cfg.Commands.RegisterRoster(ctx, r.meta(r.derive(ImportRoster, string(text))), rows, false)
		return stepDone{receipt.Position, receipt.Repeated}, err
	}
	return []step{there, added}, nil
}
