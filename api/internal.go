package api

import (
	"context"
	"errors"

	"github.com/graphql-go/graphql"

	"mingjian/api/auth"
	"mingjian/api/command"
	"mingjian/projections"
)

// internalSchema builds the internal schema, one method an area.
type internalSchema struct {
	*types
	enums            enums
	commands         *command.Commands
	model            *projections.Model
	district, center *graphql.Object
	honor, grant     *graphql.Object
	// change is an event that moved a total, centerMoves the centers that it moved.
	change, centerMoves *graphql.Object
	accounts            *auth.Accounts
}

// Internal is the schema of the console: all data and all commands, for those
// whom the tables of package rights allow them. It knows the viewer from the
// context and nobody without one.
type Internal struct{ *engine }

// NewInternal builds the internal schema.
func NewInternal(cfg Config) (*Internal, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg.Commands == nil {
		return nil, errors.New("api: the internal schema needs commands")
	}
	s := &internalSchema{types: newTypes(true), enums: newEnums(), commands: cfg.Commands, model: cfg.Model, accounts: cfg.Accounts}
	query := graphql.Fields{}
	s.addRoster(query)
	s.centerMoves = connection[*centerMove](s.newCenterDiff(), s.pageInfo)
	s.addRounds(query)
	s.addAssessment(query)
	s.addRankings(query)
	s.addAppeals(query)
	s.addAppealStatistics(query)
	s.addDiffs(query)
	s.addTrail(query)
	s.addProgress(query)
	s.addPeople(query)
	s.addAwaiting(query)
	if s.accounts != nil {
		s.addAccounts(query)
	}
	e, err := newLiveEngine(cfg,
		object("Query", "All fields of one request read one snapshot of the read model.", query),
		object("Mutation", "Each command takes a command id: sent twice, it is carried out once.", s.mutations()),
		object("Subscription", "The current state at once, and again after each change; at /graphql/stream.", s.subscriptions(query)))
	if err != nil {
		return nil, err
	}
	e.responses = newResponses(cfg.Model, internalFields, true)
	return &Internal{e}, nil
}

// SDL prints the schema.
func (i *Internal) SDL() string { return printSchema(&i.schema) }

// Execute runs one operation for a caller within this process and returns the
// data entry of the response as JSON, or its errors.
func (i *Internal) Execute(ctx context.Context, document, operation string, variables map[string]any) ([]byte, error) {
	return i.execute(ctx, call{document: document, operation: operation, variables: variables, ours: true})
}
