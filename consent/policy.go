package consent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/enum"
	"github.com/clientele-go/clientele/internal/line"
)

// Basis is a legal basis. Safe for concurrent use.
type Basis uint8

// The bases. In brackets: letters of Article 6(1) GDPR, numbers of Article 13 PIPL.
const (
	// AnyBasis is, of a refusal, all bases that can be refused: Consent, SeparateConsent and
	// LegitimateInterest.
	AnyBasis Basis = iota
	// Consent was given by the person (a; 1).
	Consent
	// SeparateConsent was given for this alone, as PIPL asks for sensitive data, for handing on and for
	// sending abroad (Articles 23, 29, 39).
	SeparateConsent
	// Contract needs it (b; 2).
	Contract
	// LegalDuty asks for it (c; 3).
	LegalDuty
	// VitalInterest of somebody needs it (d; 4).
	VitalInterest
	// PublicTask needs it (e; 5).
	PublicTask
	// LegitimateInterest of the company outweighs (f). PIPL has none.
	LegitimateInterest
)

var basisNames = []string{
	"any", "consent", "separate consent", "contract", "legal duty", "vital interest", "public task", "legitimate interest",
}

var basisNamesZH = []string{"任意依据", "同意", "单独同意", "履行合同", "法定义务", "保护生命健康", "公共利益", "正当利益"}

// String returns such as "legal duty".
func (b Basis) String() string { return enum.Name(basisNames, b) }

// Chinese returns the same in Chinese.
func (b Basis) Chinese() string { return enum.Name(basisNamesZH, b) }

// MarshalText returns the text of String.
func (b Basis) MarshalText() ([]byte, error) {
	return enum.Marshal("consent", "basis", basisNames, b)
}

// UnmarshalText reads what MarshalText wrote.
func (b *Basis) UnmarshalText(text []byte) error {
	return enum.Unmarshal("consent", "basis", basisNames, text, b)
}

// refusable tells whether a refusal of AnyBasis is about it.
func (b Basis) refusable() bool {
	return b == Consent || b == SeparateConsent || b == LegitimateInterest
}

// Purpose is what data may be used for. Safe for concurrent reads.
type Purpose struct {
	Name  string        `json:"name"`           // such as "newsletter"
	Label customer.Text `json:"label,omitzero"` // for people
	Bases []Basis       `json:"bases"`          // on which it can rest, or could; at least one
	// Channels are those by which people can be contacted for it. None: the purpose is a use of
	// data, of which the channel is "".
	Channels []string `json:"channels,omitempty"`
	// RetiredChannels are former Channels: nothing is granted or allowed by them, and refusals and withdrawals are still
	// recorded.
	RetiredChannels []string `json:"retired_channels,omitempty"`
	// Days is how many days, each of 24 hours, a grant lasts at most, from its Since. 0: without end.
	Days int `json:"days,omitempty"`
	// Retired: the purpose is a former one, as RetiredChannels are former channels. One that is left out of the policy takes no
	// refusals either.
	Retired bool `json:"retired,omitempty"`
}

// declares tells whether a refusal can be about a channel and a basis.
func (p *Purpose) declares(channel string, basis Basis) (channelOK, basisOK bool) {
	return channel == "" || slices.Contains(p.Channels, channel) || slices.Contains(p.RetiredChannels, channel),
		basis == AnyBasis || slices.Contains(p.Bases, basis)
}

// has tells whether the purpose has a channel, "" if it has none.
func (p *Purpose) has(channel string) bool {
	return slices.Contains(p.Channels, channel) || channel == "" && len(p.Channels) == 0
}

// Policy declares purposes and channels. Safe for concurrent reads.
type Policy struct {
	Purposes []Purpose `json:"purposes"` // at least one
}

// mostText is the most bytes of a text.
const mostText = 256

// Validate reports every fault of a policy at once, each wrapping [ErrPolicy].
func (p *Policy) Validate() error {
	if p == nil || len(p.Purposes) == 0 {
		return fmt.Errorf("%w: no Purposes", ErrPolicy)
	}
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrPolicy, fmt.Sprintf(format, args...)))
		}
	}
	names := map[string]bool{}
	for i := range p.Purposes {
		q := &p.Purposes[i]
		fault(q.Name == "" || !line.Valid(q.Name, mostText), "purpose %d: Name is not a line of text", i)
		fault(names[q.Name], "purpose %d: Name of another", i)
		names[q.Name] = true
		fault(!line.Valid(q.Label.EN, mostText) || !line.Valid(q.Label.ZH, mostText), "purpose %q: a label is not a line of text", q.Name)
		fault(len(q.Bases) == 0, "purpose %q: no Bases", q.Name)
		for _, b := range q.Bases {
			fault(b == AnyBasis || int(b) >= len(basisNames), "purpose %q: unknown basis", q.Name)
		}
		channels := map[string]bool{}
		for _, channel := range slices.Concat(q.Channels, q.RetiredChannels) {
			fault(channel == "" || !line.Valid(channel, mostText), "purpose %q: a channel is not a line of text", q.Name)
			fault(channels[channel], "purpose %q: channel %q twice", q.Name, channel)
			channels[channel] = true
		}
		fault(q.Days < 0 || q.Days > 36500, "purpose %q: Days are not in 0 to 36,500", q.Name)
	}
	return errors.Join(faults...)
}
