package customer

// Column declares what [Row]s have under a name, so that who keeps a table of customers can
// make it before the first row comes. Safe for concurrent use.
type Column struct {
	Name string `json:"name"` // as in [Field]
	Kind Kind   `json:"kind"` // of the values; any can also be unset
	// Scale is the most digits after the point of a decimal, up to 18; 0: not stated.
	Scale int `json:"scale,omitempty"`
	// Label is what people are shown; empty: nothing is stated.
	Label Text `json:"label,omitzero"`
}
