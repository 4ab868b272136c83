// Package eventstore is the one production path to the log: a thin wrapper
// around the official EventStoreDB client, the codec between domain events and
// stored ones, load–decide–append for commands, and the Feed that Watermill
// handlers read from. The connection string alone chooses the server; the
// default is the embedded node, which speaks the same protocol.
package eventstore
