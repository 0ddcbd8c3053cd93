// Package identity answers who is one customer: which records of shop, app, mini-program
// and call centre are of the same person or organisation, why, and what follows when one
// of them turns out to be wrong.
//
//	g, err := identity.Open(ctx, s, nil, &identity.Options{Normalizers: normalizers, Index: index, Vault: vault})
//	...
//	r, err := g.Observe(ctx, identity.Observation{
//		ID: "order-1", Source: "shop", Record: "order-1", Time: at,
//		Identifiers: []identity.Identifier{
//			{Type: "phone", Value: "139-1234-5670"},
//			{Type: "member", Value: "M1024", Proof: identity.Verified},
//		},
//	})
//	// r.Customer is who it was; r.Merged and r.Refused say what followed, and what did not.
//
// The package example has it whole.
//
// # Evidence
//
// An [Observation] says that a source saw identifiers together at a time: phone, e-mail,
// account, OpenID, device. Each [Identifier] has a type, a scope in which it means
// something, and a [Proof]: how sure the source is that it belongs to who it says. Before
// an identifier is compared a normaliser, of package identity/normalize or your own,
// brings it into one form, or refuses it: what is masked, made up or malformed never is
// one.
//
// A record, of which there can be many observations, is an atom: it moves as a whole, and
// is never of two customers. Observations without a record belong to whoever the device
// or cookie is of at the time: each such slice of time is an atom.
//
// # Policy
//
// A [Policy] says what an equal value means, for each type: that an account is of one
// customer, that a phone may be a family's, that a device is of whoever uses it just then,
// that a name tells people apart but joins nobody. [DefaultPolicy] is a start. A policy is
// data, which can be kept as JSON: [Graph.Preview] tells what another one would change, [Graph.Apply] does just that.
//
// # The mapping
//
// Who is one customer is a pure function of the evidence that is there and the policy.
// So it does not depend on the order in which observations arrive, nor on how many
// processes write; [Graph.Retract] leaves what there would be had the observation never been
// made; and [Graph.ObserveMany] is the same as observing one by one, but faster.
// docs/theory/identity.md in the repository gives the rules, to be checked by hand, and says when they
// mislead. [Graph.Explain] gives the path of evidence that joins two records, or what
// keeps them apart. [Graph.Measure] sums up how well customers are unified, and names
// those that look wrong.
//
// Where you know better, rule: [Graph.Link], [Graph.Separate], [Graph.Split] and
// [Graph.Rebind] outrank all evidence, keep actor and reason, and can be revoked.
// [Graph.Relate] ties customers together that are not one, such as a person and a
// household.
//
// # Ids and the feed
//
// A customer has the id of the first observation that founds it. When customers merge
// one id goes on, and the others lead to it for ever; when they come apart again, so do
// their ids, as far as that is possible. A [Graph] is a [customer.Feed]: who follows it
// learns which atoms went from which customer to which, in order and without gaps.
//
// # Personal data
//
// Identifiers are personal data. In the keys of the store they are hashes under a key of
// yours ([Options].Index); in values they are sealed under a key of each record's own
// ([Options].Vault, see package seal). [Graph.Erase] forgets a customer for good, also
// when old observations are replayed. Without these options everything is readable in the
// store: that is for development.
//
// # What it does not do
//
// Only equal identifiers join. That two records are of one person because names,
// addresses and dates of birth are alike is record linkage, and not done here. Nor is what is
// known of a customer, or consent: that hangs on atoms, elsewhere.
package identity
