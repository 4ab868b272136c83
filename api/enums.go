package api

import (
	"github.com/graphql-go/graphql"

	"mingjian/domain"
	"mingjian/domain/appeal"
	"mingjian/domain/assessment"
	"mingjian/domain/rights"
	"mingjian/projections"
)

// enums are the closed vocabularies of the internal schema. A value's name is
// what events store.
type enums struct {
	outcome, method, status, kind, honorLevel, honorState, role, ground, appealStatus, ruling, party *graphql.Enum
}

func enumOf[T ~string](name, doc string, values ...T) *graphql.Enum {
	config := graphql.EnumValueConfigMap{}
	for _, v := range values {
		config[string(v)] = &graphql.EnumValueConfig{Value: v}
	}
	return graphql.NewEnum(graphql.EnumConfig{Name: name, Description: doc, Values: config})
}

func newEnums() enums {
	return enums{
		outcome: enumOf("Outcome", "What was found on a clause.",
			domain.Met, domain.Lost, domain.Awarded, domain.NotApplicable),
		method: enumOf("Method", "How it was found.", assessment.SiteVisit, assessment.MysteryVisit, assessment.Documents,
			assessment.Interview, assessment.PhoneSampling, assessment.SystemData),
		status: enumOf("Status", "Where a record stands in its review.",
			assessment.InWork, assessment.InReview, assessment.SignedOff),
		kind:       enumOf("SubjectKind", "Who is judged.", domain.Center, domain.District),
		honorLevel: enumOf("HonorLevel", "Who granted an honor.", assessment.National, assessment.Municipal),
		honorState: enumOf("HonorState", "Where a claim stands.",
			projections.HonorPending, projections.HonorAccepted, projections.HonorRejected, projections.HonorWithdrawn),
		ground: enumOf("Ground", "What an appeal rests on.", appeal.Fact, appeal.Evidence, appeal.Procedure, appeal.Interpretation),
		appealStatus: enumOf("AppealStatus", "Where an appeal stands.",
			appeal.Waiting, appeal.InHearing, appeal.IsDecided, appeal.IsEscalated, appeal.IsWithdrawn),
		ruling: enumOf("Ruling", "What a vote or a decision comes to.", appeal.Upheld, appeal.PartlyUpheld, appeal.Dismissed),
		party:  enumOf("Party", "A side of an appeal.", appeal.Appellant, appeal.Assessors),
		role:   enumOf("Role", "What an account is in the evaluation.", rights.Roles...),
	}
}
