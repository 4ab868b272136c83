// Package api serves the evaluation over HTTP: an internal GraphQL schema that
// reads the read model and sends commands, a public one that knows published
// data only, and the health endpoints.
//
// Reads of one request come from one snapshot of the read model, and every
// response carries the position that it reflects. A mutation returns the
// position that it reached; a query that must see it passes that as `after`.
//
// Until accounts exist nobody signs in: each mutation states its actor, and
// the internal schema is served on loopback addresses only.
package api
