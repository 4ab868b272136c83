// Package evidence keeps what proves a finding: photographs, documents, sound
// and film, each stored once under the SHA-256 of its bytes, in a folder or in
// any bucket of gocloud.dev/blob.
//
// Bytes are believed only after they are known in full. An upload waits in the
// spool until it is whole, of an allowed size and of an allowed type; only then
// does it get its name, in one step, so that an interruption at any moment
// leaves nothing under a hash. A download is copied into the spool and hashed
// there before its first byte is given out: what was checked is what is served.
//
// The type is always what the bytes say. No file name, header or stored
// attribute is asked: those can be lost in a copy or changed without the hash
// noticing.
package evidence
