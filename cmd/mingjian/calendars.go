package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"mingjian/criteria"
)

// calendars finds working-day calendars: those of --calendar, each by its
// file's name, and then the ones that are built in. A file may so bring the next
// year, which is announced each autumn, to a program that is older.
func (p place) calendars() (func(id string) (*criteria.Calendar, error), error) {
	ours := make(map[string]*criteria.Calendar, len(p.Calendar))
	for _, file := range p.Calendar {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--calendar: %w", err)
		}
		calendar, err := criteria.ParseCalendar(filepath.Base(file), text)
		if err != nil {
			return nil, fmt.Errorf("--calendar: %w", err)
		}
		if _, twice := ours[calendar.ID]; twice {
			return nil, fmt.Errorf("--calendar %s: another file is named %s too", file, calendar.ID)
		}
		ours[calendar.ID] = calendar
	}
	// A file that lacks what is built in would leave deadlines uncounted that
	// were counted before.
	for id, calendar := range ours {
		if slices.Contains(criteria.Calendars(), id) {
			built, err := criteria.LookupCalendar(id)
			if err != nil {
				return nil, err
			}
			if calendar.From > built.From || calendar.To < built.To {
				return nil, fmt.Errorf("--calendar %s.csv holds %d to %d, the one that is built in %d to %d: it must hold those years too",
					id, calendar.From, calendar.To, built.From, built.To)
			}
		}
	}
	return func(id string) (*criteria.Calendar, error) {
		if calendar, ok := ours[id]; ok {
			return calendar, nil
		}
		return criteria.LookupCalendar(id)
	}, nil
}
