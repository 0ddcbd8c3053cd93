// Package access answers who may see what of a customer, for which purpose, and who did.
//
//	g, err := access.Open(ctx, profiles, &access.Policy{
//		Purposes: []access.Purpose{
//			{Name: "service", Basis: consent.Contract},
//			{Name: "marketing", Consent: "personalised offers"}, // of package consent
//		},
//		Roles: []access.Role{
//			{Name: "agent", Grants: []access.Grant{{
//				Purpose: "service",
//				Show:    access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked},
//				Find:    []string{"phone"},
//			}}},
//			{Name: "marketer", Grants: []access.Grant{{
//				Purpose: "marketing",
//				Show:    access.Levels{Public: access.Plain, Internal: access.Plain},
//			}}},
//		},
//		Masks: map[string]access.Mask{"phone": access.Phone, "name": access.Name},
//	}, &access.Options{Log: log, Consents: consents})
//	...
//	agent := access.Reader{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "case 1024"}
//	view, err := g.View(ctx, now, agent, id, profile.Moment{})
//	city, err := view.Value("city")    // 广州
//	_, err = view.Value("phone")       // ErrMasked
//	phone, err := view.Field("phone")  // phone.Masked() has 138****8000
//	json.NewEncoder(w).Encode(view)    // what the agent may see, and nothing else
//
// The package example has it whole; docs/theory/protection.md has what it guarantees and where that ends.
//
// # The policy
//
// A [Policy] is data: purposes, roles and grants. A [Grant] says how a role sees values for a
// purpose, by their profile.Sensitivity and with exceptions by name: [Plain], [Masked] or
// [Denied], which is what holds where nothing is said. A [Purpose] rests on a Basis for which nobody
// is asked, such as a contract, or on the consent of each customer: then a trait is shown if the atoms its
// value was made of all have it, a computed trait if those of all its events have, and one with a
// Pair if all atoms of the customer have. What comes from no atom, such as a trait that nobody
// states or a count of 0, is shown if any atom of the customer has it.
//
// # The gate
//
// A [Gate] has five verbs. [Gate.View] shows a customer, [Gate.Timeline] what happened to it, [Gate.Find] finds customers by a value,
// [Gate.Export] writes many, for which somebody else has to approve, and [Gate.Inspect] tells who
// may see what and who did. What is not shown is an error for who asks for the value, and never
// an empty one. What is masked is a [MaskedText] and no customer.Value.
//
// It fails closed. A role, purpose or name that the policy does not have is denied; a
// restriction that is misspelt is found when the policy is read or opened, and one whose trait leaves the schema
// ends all access. Personal and Sensitive fields are shown, customers found and exports written only
// after that was committed to the log of package audit; so is what was refused. The log holds ids and names of
// fields, never values, and audit.Query.Customer selects who saw a customer, found it and had it in an export.
//
// # What it does not do
//
// It takes the caller's word for who the reader is and which role they have. It stands before
// profiles and keeps nobody from them who has the Profiles themselves, their rows or the store: what these read is within
// the service, and not in the log. Provenance does not pass it. Consent to be contacted by some number or address is of package consent: here it is
// about the use of data. Where the consent of one atom is missing the value it states is withheld, and
// not made anew from the others. Whether a basis holds is for a lawyer to say.
package access
