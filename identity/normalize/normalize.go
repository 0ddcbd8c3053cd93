package normalize

// A Normalizer reads one raw field and appends to dst the identifiers it holds, in the order of
// the field and each once. What it does not take is refused: the error is a [*Refusal], or
// several of them joined, and [Refusals] lists them. A field may hold both, so dst may have
// grown although the error is not nil; if nothing was appended, the error is never nil.
//
// A Normalizer is a pure function of raw. It never panics, whatever the bytes, and does not
// keep dst. It is idempotent: the Form of a Value it returned, as raw, gives that Value
// again, with nothing refused. It is safe for concurrent use.
//
// One of your own has to keep these promises; make its refusals with the Reasons here.
type Normalizer func(dst []Value, raw string) ([]Value, error)

// All is n(nil, raw).
func (n Normalizer) All(raw string) ([]Value, error) {
	return n(nil, raw)
}

// One returns the identifier of a field that is to hold exactly one. Its error is what n
// refuses, or a Refusal with the reason Several; the Value is then zero.
func (n Normalizer) One(raw string) (Value, error) {
	var room [2]Value
	values, err := n(room[:0], raw)
	switch {
	case err != nil:
		return Value{}, err
	case len(values) != 1:
		return Value{}, &Refusal{Part: 2, Reason: Several}
	}
	return values[0], nil
}

// A Value is one canonical identifier. Two Values of one Normalizer are the same identifier if
// their Text is the same. It is safe for concurrent reads.
type Value struct {
	// Text is the canonical form, never empty. Where the identifier means something in its
	// scope only, the scope is in front of it, with a slash between.
	Text string
	// Scope is the scope apart: the app id of an OpenID, the account of a UnionID, the Scope of
	// IDOptions. "" where the kind has none.
	Scope string
	// Extension holds the digits to dial after a phone number, "" mostly. A number with
	// extensions is a switchboard: one Text for many people.
	Extension string
	// Warning is a doubt that is no ground to refuse: Unusual or Shared, mostly none.
	Warning Reason
}

// String returns "identifier": a value is personal data, and is not to get into a log with what
// has been printed whole. Form and the fields tell it.
func (Value) String() string { return "identifier" }

// Form returns Text, with the extension behind it as in RFC 3966: "+861062551234;ext=801". It
// is personal data.
func (v Value) Form() string {
	if v.Extension == "" {
		return v.Text
	}
	return v.Text + ";ext=" + v.Extension
}

// one makes a Normalizer of a kind whose fields hold one value.
func one(kind string, read func(raw string) (Value, Reason)) Normalizer {
	return func(dst []Value, raw string) ([]Value, error) {
		v, reason := read(raw)
		if reason != 0 {
			return dst, &Refusal{Kind: kind, Part: 1, Reason: reason}
		}
		return append(dst, v), nil
	}
}

// collector gathers the values and refusals of a field with several parts.
type collector struct {
	kind    string
	dst     []Value
	start   int // length of dst before
	part    int
	refused []error
}

func (c *collector) add(v Value, reason Reason) {
	c.part++
	if reason != 0 {
		c.refused = append(c.refused, &Refusal{Kind: c.kind, Part: c.part, Reason: reason})
		return
	}
	for i, old := range c.dst[c.start:] {
		if old.Text == v.Text && (old.Extension == v.Extension || v.Extension == "") {
			return
		}
		if old.Text == v.Text && old.Extension == "" {
			c.dst[c.start+i] = v
			return
		}
	}
	c.dst = append(c.dst, v)
}

func (c *collector) result() ([]Value, error) {
	if c.part == 0 {
		c.add(Value{}, Empty)
	}
	return c.dst, join(c.refused)
}
