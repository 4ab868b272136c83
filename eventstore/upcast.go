package eventstore

import (
	"encoding/json"
	"fmt"
	"slices"
)

// upcaster lifts the data of an event from one schema version to the next. It
// is given the fields without the version.
type upcaster func(fields map[string]json.RawMessage) error

// upcasters has, by stored name, the ones from version 1, 2, …; nil where the
// next version only added fields that may be absent.
var upcasters = map[string][]upcaster{
	"round.Opened": {nil, opened2to3},
}

// opened2to3 gives a round that was opened before deadlines were counted the
// working days that are the rule. It has no calendar: one must be pinned
// before anybody is notified.
func opened2to3(fields map[string]json.RawMessage) error {
	for _, later := range []string{"calendar", "calendarHash", "appealDays", "decisionDays", "notice"} {
		if _, ok := fields[later]; ok {
			return fmt.Errorf("field %s is of version 3", later)
		}
	}
	fields["appealDays"] = json.RawMessage("5")
	fields["decisionDays"] = json.RawMessage("10")
	return nil
}

// lift brings the data of an event from a version to the current one. Most old
// versions only lack fields, and stay as they are.
func lift(name string, version int, body []byte) ([]byte, error) {
	ups := upcasters[name]
	ups = ups[min(version-1, len(ups)):]
	if !slices.ContainsFunc(ups, func(up upcaster) bool { return up != nil }) {
		return body, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	for i, up := range ups {
		if up == nil {
			continue
		}
		if err := up(fields); err != nil {
			return nil, fmt.Errorf("from version %d to %d: %w", version+i, version+i+1, err)
		}
	}
	return json.Marshal(fields)
}
