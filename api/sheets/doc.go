// Package sheets reads and writes what an evaluation exchanges as spreadsheets:
// the roster, accounts, assignments and score sheets, as XLSX or CSV. Each kind
// is a declared table, which reads a file into typed rows or into all of its
// faults, each with its place, writes rows so that reading gives them back, and
// makes a template to fill in. What is only written, such as a ranking or the
// trail, is an Export.
//
// It knows nothing of the log or of HTTP. A file may come from anybody: see
// limits.go for what it may hold.
package sheets
