package api

import (
	"testing"

	"mingjian/domain/rights"
)

// TestLastOrganizerStays: through the API the last organizer is neither
// disabled nor erased nor stripped of the role, not even by themselves.
func TestLastOrganizerStays(t *testing.T) {
	s := newStage(t)
	who := s.person("stranger")
	s.cast(who, rights.Grant{Role: rights.Organizer})
	before := s.end()
	for name, more := range map[string]map[string]any{
		"disableAccount": {"reason": "离职"}, "eraseAccount": {"reason": "本人要求"}, "revokeRole": {"grant": map[string]any{"role": "organizer"}},
	} {
		more["account"], more["commandId"] = who.account, newID()
		if got := s.send(who, mutationDocument(name), map[string]any{"input": more}); got.code() != "LAST_ORGANIZER" {
			t.Errorf("%s: %s", name, got.text)
		}
	}
	s.moved("refusals", before, false)
}
