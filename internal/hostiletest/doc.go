// Package hostiletest tries exported functions with hostile input: missing, empty, huge, NaN, infinite, duplicate,
// unsorted, torn and malformed data, contexts that have ended or end in the middle, and callers at the same time.
//
// Each public package has a Table in hostile_test.go, with an entry for every exported function and method that takes
// anything; internal/layout makes sure that none is forgotten. An entry holds a valid call. Run makes the call as it is,
// then again and again with one thing about its arguments wrong: one field, one row, one length, one key of a document.
// Whatever is wrong, the call
//   - does not panic,
//   - returns either an error or results without a NaN,
//   - has an error begin with the name of a package and hold no control characters,
//   - leaves its arguments as they were.
//
// A call whose context has ended returns the error of the context, one whose context ends in the middle that or the
// result of the call that was left in peace, and callers at the same time all get that result. What an entry expects
// beyond that it says under the name of what is wrong, such as "rows[2].Amount NaN"; what it excepts it says with a
// reason.
package hostiletest
