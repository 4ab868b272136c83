package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"mingjian/criteria"
	"mingjian/domain"
)

type criteriaCmd struct {
	ID   string `name:"id" default:"2022" help:"Which standard."`
	JSON bool   `name:"json" help:"Print the whole standard as JSON, with its hash."`
}

// Run prints the standard.
func (c *criteriaCmd) Run(io *stdio) error {
	adopted, err := criteria.Lookup(c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		encoder := json.NewEncoder(io.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Hash string `json:"hash"`
			*domain.Standard
		}{adopted.Hash, adopted.Standard})
	}
	var b strings.Builder
	std := adopted.Standard
	fmt.Fprintf(&b, "%s\n%s  %s\n\n", std.Title, std.Document, std.IssuedOn)
	for _, section := range std.Sections {
		fmt.Fprintf(&b, "%s %s（%s 分）\n", section.Code, section.Name, section.Points)
		for _, indicator := range section.Indicators {
			fmt.Fprintf(&b, "  %-4s %s（%s 分）\n", indicator.Code, indicator.Name, indicator.Points)
			for _, clause := range indicator.Clauses {
				fmt.Fprintf(&b, "    %-6s %s\n", clause.Code, clause.Name)
			}
		}
	}
	fmt.Fprintf(&b, "%s %s\n", std.Deductions.Code, std.Deductions.Name)
	for _, item := range std.Deductions.Items {
		fmt.Fprintf(&b, "    %-6s %s（−%s 分）\n", item.Code, item.Name, item.Points)
	}
	fmt.Fprintf(&b, "\n%d 个一级指标，%d 个二级指标，%d 条评估条款，%d 个扣分项，共 %s 分\nSHA-256 %s\n",
		len(std.Sections), len(std.Indicators()), len(std.Clauses()), len(std.Deductions.Items), std.Points, adopted.Hash)
	_, err = io.out.Write([]byte(b.String()))
	return err
}
