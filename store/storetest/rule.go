package storetest

import "slices"

// A Rule is one thing that a store does by contract. Safe for concurrent reads.
type Rule struct {
	Name string // group/name; that of the subtest
	Does string // what a store does that keeps the rule
	Why  string // what would break in a program that trusts it
	// check fails or skips x, or returns.
	check func(x *attempt)
	// child is what the killed process does, of a rule that has one.
	child func(c *child)
}

func (r Rule) text() string { return "the rule: " + r.Does + "\nwhy: " + r.Why }

// A group is rules about one part of the contract; their names begin with its own.
type group struct {
	name  string
	rules []Rule
}

var groups = []group{
	{"key", keyRules},
	{"value", valueRules},
	{"get", getRules},
	{"commit", commitRules},
	{"condition", conditionRules},
	{"version", versionRules},
	{"scan", scanRules},
	{"meanwhile", meanwhileRules},
	{"limit", limitRules},
	{"context", contextRules},
	{"close", closeRules},
	{"slice", sliceRules},
	{"error", errorRules},
	{"concurrent", concurrentRules},
	{"range", rangeRules},
	{"leak", leakRules},
	{"history", historyRules},
	{"reopen", reopenRules},
	{"crash", crashRules},
}

// Rules returns all rules in the order in which they are checked. The slice
// belongs to the caller.
func Rules() []Rule {
	var all []Rule
	for _, g := range groups {
		all = append(all, g.rules...)
	}
	return slices.Clip(all)
}
