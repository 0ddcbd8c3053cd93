// Package subject answers what is held of a person, gives it out, erases it, and proves that it is
// gone: what Articles 15, 17 and 20 of the GDPR and Articles 45 and 47 of China's Personal Information
// Protection Law (PIPL) ask of whoever keeps data of people.
//
//	subjects, err := subject.Open(s, subject.Parts{Graph: graph, Profiles: profiles, Consents: consents, Log: log, Vaults: []*seal.Vault{vault}}, nil)
//	...
//	request := subject.Request{Customer: id, ID: "DSR-17", Actor: "privacy-office", Ticket: "DSR-17"}
//	_, err = subjects.Export(ctx, now, request, w)       // all that is held, as JSON
//	erasure, err := subjects.Erase(ctx, now, request)    // gone for good
//	proof, err := subjects.Prove(ctx, now, erasure)      // proof.Err() is nil: nothing is left
//
// The package example has it whole; docs/theory/protection.md has what it guarantees and where that ends.
//
// # Erasure
//
// [Subjects.Erase] writes down what is to be done, then
//
//  1. erases what was consented to at atoms that the customer had and nobody has any more, as the use of a device was divided
//     otherwise when more became known;
//  2. has the graph erase the customer: all ids that lead to it, all its records and slices, the identifiers that nobody
//     else has, and the keys; what is kept is hashes, so that the person does not come back when old data is
//     replayed;
//  3. reads in the feed which atoms these were;
//  4. erases what they have consented to, has the profiles follow the feed, which deletes evidence, pages and rows,
//     and destroys the keys that any other vault has of them;
//  5. writes down that it is done.
//
// Where it stops, for whatever reason, [Subjects.Resume] goes on: the customer is then who has the id at that
// time, so somebody who was merged with it meanwhile is erased too, and who was split off is not. The log has an entry in the
// commit that writes down what is to be done, and in the one that it is done. Nothing else is kept but ids: of the erasure,
// of who asked, of the customer and of its atoms.
//
// With [Request].Atoms records are erased that were merged with somebody by mistake: they are split off first,
// and whom they were merged with stays whole.
//
// # What is not erased
//
// Entries of the audit log, which hold ids alone; the feed of changes until it is trimmed; rulings of stewards,
// whose reasons should not name anybody; and what lies elsewhere: backups, rows that others
// have followed, exports, snapshots of a segment index. Live segments that a store keeps (segment.OpenLive) hear of an erasure by the rows
// of the profiles: hand them those (segment.Live.ApplyRows). They have the customer until they have written two checkpoints
// since, which Prove tells as a fault; after that only their notices have the id, which says nothing by itself, until newer ones
// take their place, and texts that only the customer had stay as values of a tag, of nobody. A key that another process
// remembers opens until it hears of the erasure, and a backup of the store has the
// wrapped keys: keep backups for less long than the law gives you, or wrap keys
// anew (seal.Vault.Rewrap) and destroy the wrapping key. The feed must not be trimmed beyond an erasure
// that is not done: it fails then. What was consented to by an atom that nobody has any more, as all its observations were
// retracted, is erased with consent.Consents.Erase when they are.
//
// # What it does not do
//
// It does not decide who may ask, nor whether a law demands that something be kept. It tells
// the log, and does not seal it: audit.Log.Seal does. It gives out what
// is stored, and not what others said in confidence: relations are exported without the other person. Reasons of rulings are
// given out as they were written.
package subject
