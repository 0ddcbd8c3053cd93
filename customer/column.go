package customer

// Column declares what [Row]s have under a name, so that who keeps a table of customers can
// make it before the first row comes. Safe for concurrent use.
type Column struct {
	Name string `json:"name"` // as in [Field]
	Kind Kind   `json:"kind"` // of the values; any can also be unset
	// EN and ZH are what people are shown, English and Chinese; empty: nothing is stated.
	EN string `json:"en,omitempty"`
	ZH string `json:"zh,omitempty"`
}
