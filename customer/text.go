package customer

// Text is a text for people in English and Chinese; empty is none. Texts of other packages of the library convert to it
// and from it: report.Text(tag.Label). A plain value: safe for concurrent reads.
type Text struct {
	EN string `json:"en,omitempty"` // English
	ZH string `json:"zh,omitempty"` // Chinese
}
