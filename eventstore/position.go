package eventstore

import "strconv"

// Position is an event's place in the log ($all order). Positions rise but are
// not consecutive, and do not survive a move to another log.
type Position uint64

// String is the decimal form that GraphQL and the command line use.
func (p Position) String() string { return strconv.FormatUint(uint64(p), 10) }
