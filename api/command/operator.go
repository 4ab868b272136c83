package command

import (
	"context"

	"mingjian/domain/rights"
)

// Operator is the account of whoever runs commands on the server's own
// machine, with the data folder in reach. Nobody signs in as it: the ids of
// accounts have another form.
const Operator = "operator"

// OperatorActor is what the operator may be: an organizer.
func OperatorActor() rights.Actor {
	return rights.Actor{Account: Operator, Grants: []rights.Grant{{Role: rights.Organizer}}}
}

// WithOperator adds the operator to the accounts.
func WithOperator(accounts Actors) Actors { return withOperator{accounts} }

type withOperator struct{ accounts Actors }

// Actor finds the operator or an account.
func (w withOperator) Actor(ctx context.Context, account string) (rights.Actor, error) {
	if account == Operator {
		return OperatorActor(), nil
	}
	return w.accounts.Actor(ctx, account)
}
