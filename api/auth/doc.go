// Package auth knows who asks: accounts and their credentials as events sealed
// under a key per account, sign-in by password, code or OpenID Connect, and
// sessions that every server of the log sees begin and end.
package auth
