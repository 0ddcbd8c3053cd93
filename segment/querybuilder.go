package segment

import (
	"slices"
	"strings"
)

// ParseQueryBuilder reads a rule from the JSON of a query of react-querybuilder (https://react-querybuilder.js.org), of
// both its types: RuleGroupType, and RuleGroupTypeIC with the combinators between the rules. The fields are names of
// tags, whose kinds say how a value is read: numbers may be texts, as input elements give them, dates are texts such
// as 2026-03-05 and instants as in RFC 3339, flags may be the texts true and false. A nil catalogue has no tags.
//
//	combinator and, or, xor       And, Or; xor selects whom an odd number of the rules select
//	not                           Not of the group
//	= != < <= > >=                Eq, Ne, Lt, Le, Gt, Ge; with valueSource field EqTag, NeTag, LtTag, ...
//	in, notIn                     In, NotIn; on labels Has, And(IsSet, Not(Has))
//	between, notBetween           Between, NotBetween; two numbers in the wrong order are swapped
//	contains, doesNotContain      Has, And(IsSet, Not(Has)): the tag is labels and the value is one of them
//	null, notNull                 Unset, IsSet
//
// A list is an array or a text with commas between the values, where \, is a comma in a value. Combinators and
// operators may be in upper case. Between combinators of one group, and binds tighter than xor, and xor tighter than
// or. Muted rules and groups are left out, as are groups with nothing else in them; a query without rules is everyone.
//
// What has no meaning on tags (beginsWith, endsWith and their opposites, match), what has not been filled in (a field,
// an operator, a value, a group within the query), tags that there are not, and fields named here whose values are of
// another type are errors: a *RuleError whose Path says the place, such as rules[0].rules[2].value. Other fields of the
// JSON, such as id, are ignored.
func ParseQueryBuilder(data []byte, tags *Catalogue) (Rule, error) {
	v, err := readJSON(data)
	if err != nil {
		return Rule{}, err
	}
	if tags == nil {
		tags = &Catalogue{}
	}
	b := queryBuilder{tags: tags}
	r, muted, err := b.group(v, nil)
	switch {
	case err != nil:
		return Rule{}, err
	case muted:
		return And(), nil
	}
	if err := r.node().check(); err != nil {
		return Rule{}, err
	}
	return r, nil
}

type queryBuilder struct{ tags *Catalogue }

// part reads a rule or a group; muted says that it is to be left out.
func (b *queryBuilder) part(v *jsonValue, at *place) (r Rule, muted bool, err *RuleError) {
	switch {
	case v.kind != jsonObject:
		return r, false, at.refuse("must be a rule or a group")
	case v.member("rules") != nil:
		return b.group(v, at)
	}
	if muted, err = v.flag("muted", at); muted || err != nil {
		return r, muted, err
	}
	r, err = b.rule(v, at)
	return r, false, err
}

// flag reads a field that is true or false; without it, or with null, it is false.
func (v *jsonValue) flag(name string, at *place) (bool, *RuleError) {
	m := v.member(name)
	switch {
	case m == nil || m.kind == jsonNull:
		return false, nil
	case m.kind != jsonBool:
		return false, at.field(name).refuse("must be true or false")
	}
	return m.truth, nil
}

func (b *queryBuilder) group(v *jsonValue, at *place) (r Rule, muted bool, err *RuleError) {
	rules := v.member("rules")
	switch {
	case v.kind != jsonObject || rules == nil || rules.kind != jsonArray:
		return r, false, at.refuse("must be a group, with a list of rules")
	}
	if muted, err = v.flag("muted", at); muted || err != nil {
		return r, muted, err
	}
	not, err := v.flag("not", at)
	switch {
	case err != nil:
		return r, false, err
	case len(rules.items) == 0 && at != nil:
		return r, false, at.field("rules").refuse("group has no rules")
	}
	var parts []Rule
	var words []string // words[i] is the combinator before parts[i+1]
	if c := v.member("combinator"); c != nil && c.kind != jsonNull {
		word, err := combinator(c, at.field("combinator"))
		if err != nil {
			return r, false, err
		}
		for i := range rules.items {
			part, muted, err := b.part(&rules.items[i], at.field("rules").item(i))
			if err != nil {
				return r, false, err
			}
			if !muted {
				parts = append(parts, part)
			}
		}
		words = slices.Repeat([]string{word}, max(len(parts)-1, 0))
	} else if parts, words, err = b.independent(rules, at.field("rules")); err != nil {
		return r, false, err
	}
	if len(parts) == 0 {
		return r, true, nil
	}
	if r, err = combine(parts, words, "or", "xor", "and"); err != nil {
		return r, false, err
	}
	if not {
		r = Not(r)
	}
	return r, false, nil
}

// independent reads rules with combinators between them. With a muted one goes the combinator before it, or the one
// after it if it is the first.
func (b *queryBuilder) independent(v *jsonValue, at *place) (parts []Rule, words []string, err *RuleError) {
	word := ""
	for i := range v.items {
		item, here := &v.items[i], at.item(i)
		if i%2 == 1 {
			if word, err = combinator(item, here); err != nil {
				return nil, nil, err
			}
			if i == len(v.items)-1 {
				return nil, nil, here.refuse("no rule follows the combinator")
			}
			continue
		}
		part, muted, err := b.part(item, here)
		if err != nil {
			return nil, nil, err
		}
		if muted {
			continue
		}
		if len(parts) > 0 {
			words = append(words, word)
		}
		parts = append(parts, part)
	}
	return parts, words, nil
}

func combinator(v *jsonValue, at *place) (string, *RuleError) {
	word := strings.ToLower(v.text)
	if v.kind != jsonText || word != "and" && word != "or" && word != "xor" {
		return "", at.refuse("must be one of and, or, xor")
	}
	return word, nil
}

// combine joins parts by the words between them, of which levels[0] binds least.
func combine(parts []Rule, words []string, levels ...string) (Rule, *RuleError) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	var rules []Rule
	start := 0
	for i := range parts {
		if i < len(words) && words[i] != levels[0] {
			continue
		}
		r, err := combine(parts[start:i+1], words[start:i], levels[1:]...)
		if err != nil {
			return r, err
		}
		rules, start = append(rules, r), i+1
	}
	switch {
	case levels[0] == "and":
		return And(rules...), nil
	case levels[0] == "or" || len(rules) == 1:
		return Or(rules...), nil
	case len(rules)*len(rules) > MaxRuleNodes: // fewer than there would be parts
		return Rule{}, &RuleError{Reason: limitNodes, Err: ErrLimit}
	}
	var odd []Rule // exactly 1, exactly 3, ...
	for k := 1; k < len(rules); k += 2 {
		odd = append(odd, And(AtLeast(k, rules...), Not(AtLeast(k+1, rules...))))
	}
	if len(rules)%2 == 1 {
		odd = append(odd, And(rules...))
	}
	return Or(odd...), nil
}
