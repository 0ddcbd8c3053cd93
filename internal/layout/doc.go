// Package layout answers the question whether the tree still keeps the rules that no compiler checks: who may import
// whom, which dependencies are allowed and where, that every exported name is documented, that no library code reads the
// clock or writes to the terminal.
//
// It has no code of its own. The rules are tests: table_test.go holds the lists a change may have to extend, rules_test.go
// the rules, and rules_catch_test.go proves that each rule finds what it forbids.
package layout
