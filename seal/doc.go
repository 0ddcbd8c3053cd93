// Package seal answers how a database holds what nobody may read, and how a person is
// forgotten: it keeps personal data unreadable without a key that can be destroyed.
//
//	vault, err := seal.NewVault(s, wrapper, &seal.Options{Tenant: "shop"})
//	...
//	key, err := vault.Create(ctx, &b, atom) // committed together with what is sealed under it
//	...
//	b.Put([]byte("phone"), key.Seal(nil, []byte("+8613912345670"), "phone", 1))
//	_, err = s.Commit(ctx, &b)
//	...
//	key, err = vault.Key(ctx, atom)
//	phone, err := key.Open(nil, sealed, "phone", 1)
//
//	vault.Destroy(&end, atom) // committed: nobody reads it any more
//
// The package example has it whole; docs/theory/protection.md has what it guarantees and where that ends.
//
// Each atom, the smallest piece of evidence of a customer, has a [Key] of its own.
// What is personal is sealed under it with AES-256-GCM, bound to its place: the
// tenant, the atom, the field and the version of the schema, so that a sealed value
// moved elsewhere does not open. A [Vault] keeps the keys in a store.Store, each
// wrapped by a [Wrapper], which stands for a key that never lies beside the data: a
// [Local] one, or that of a key management service. Destroying the key of an atom
// makes all that is sealed under it unreadable, also in copies, as long as no
// backup holds both the wrapped key and what unwraps it.
//
// What is sealed can't be searched. An [Index] turns a value into a keyed hash, the
// blind index, under which it is found again: equal values have equal hashes, and
// without the key a hash says nothing but that. An unkeyed hash of a phone number
// is as good as the number: all of them can be tried in minutes.
//
// Keys are replaced while all goes on: wrapping keys by [Vault.Rewrap], the key of an index where what was found by the old one is
// written anew under the new, as profile.Profiles.Reseal does. Package identity does not: its identifiers are found, and
// customers named, under the key that its store began with.
//
// # What it does not do
//
// Blind indexes show which values are equal and how often each occurs. Destroyed
// keys can still be in the memory of a process that used them shortly before
// ([Options].Cache), and in old pages, logs and backups of the database.
package seal
