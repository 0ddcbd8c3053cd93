package ingest

// fault is what is wrong with a record that cannot be split or decoded.
type fault uint8

const (
	faultBareQuote fault = iota + 1
	faultOpenQuote
	faultFields
	faultLong
	faultUTF8
	faultNUL
	faultJSON
	faultNested
	faultRepeated
	faultAbsent
	faultCount
)

var faultReasons = [faultCount]string{
	faultBareQuote: "bad quote",
	faultOpenQuote: "quote not closed",
	faultFields:    "wrong number of fields",
	faultLong:      "record too long",
	faultUTF8:      "not UTF-8",
	faultNUL:       "NUL byte",
	faultJSON:      "not a JSON object",
	faultNested:    "nested JSON value",
	faultRepeated:  "repeated JSON key",
	faultAbsent:    "no such JSON key",
}
