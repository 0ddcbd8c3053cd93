// Package normalize answers: which strings are the same identifier, and which are none?
//
//	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN", AreaCode: "010"})
//	...
//	values, err := phone.All("62551234转801 / 13912345679") // +861062551234;ext=801 and +8613912345679
//	_, err = phone.All("138****8000")
//	fmt.Println(normalize.ReasonOf(err)) // masked
//
// The package example has it whole.
//
// Sources write one phone number as 139-1234-5679, 0086 13912345679 and １３９１２３４５６７９,
// and fill the field with 无, 13800138000 or 139****5679 when they have none. A [Normalizer]
// turns a raw field into canonical identifiers, or refuses it with a [Reason]. What it lets
// through is compared byte by byte, so two people whose numbers are masked the same way would
// become one: refusing is as much its work as reading.
//
// # Kinds
//
//   - [Phone]: E.164, extensions apart, several numbers in a field split
//   - [Email]: addresses, also with display names, quotes and domains beyond ASCII
//   - [OpenID], [UnionID]: WeChat, scoped by app and by open-platform account
//   - [UUID] (IDFA, IDFV, GAID), [OAID], [AndroidID], [IMEI]: devices
//   - [ID]: membership, CRM, account and cookie ids, by declared pattern
//   - [ResidentID], [CreditCode]: Chinese citizens and organisations, with check characters
//   - [Name]: names of persons, for comparison only
//
// Your own kind is a function with the same signature.
//
// # Values, warnings, refusals
//
// Text of a [Value] is the identifier; identifiers of different kinds may have the same Text.
// Printed whole a Value tells nothing, as it is personal data. A
// [Refusal] names the kind, the part of the field and the Reason, and never the value, so that
// it can be logged. Validity is a warning, not a gate: a phone number that could exist but is
// outside the numbering plan is a Value with the warning [Unusual], because plans grow faster
// than tables. Check digits, where a kind has them, are a gate.
//
// # Junk
//
// [JunkWords] are refused everywhere. Each kind adds what is junk in its field, and its doc
// says what; the options take more. No list knows the reception desk whose number a shop gives
// for every customer: that one shows by how many people share it, which is not seen from a
// single field.
//
// # Hostile input
//
// Every kind bounds the length of a field, and refuses bytes that are not UTF-8, control
// characters and the mark U+FFFD that decoders leave. Zero-width spaces, marks of direction and
// other invisible characters are taken away, and NFKC makes full-width letters and digits plain
// ones. Letters that only look alike, as Cyrillic а and Latin a, stay different.
package normalize
