package churn

import (
	"errors"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/table"
)

// Kinds of events that features and labels know by name. Any other text is a kind as well.
const (
	Purchase = "purchase" // an order; Amount is what it is worth
	Refund   = "refund"   // money given back; Amount is how much, not negative
	Contact  = "contact"  // a contact with the service
)

// Errors that a caller can act on.
var (
	// ErrOptions is wrapped by every fault of options, plans, labels and features.
	ErrOptions = errors.New("churn: invalid options")
	// ErrEvents is wrapped where the events offered cannot be a log: columns that do not fit
	// together, too many kinds, amounts that overflow.
	ErrEvents = errors.New("churn: invalid events")
	// ErrNoRows is wrapped where no customer is left to look at: the error says why.
	ErrNoRows = errors.New("churn: no rows")
	// ErrOneClass is wrapped where all labels are the same, so that nothing can be learned.
	ErrOneClass = errors.New("churn: labels are all the same")
	// ErrCutoff is wrapped by the error of a cut-off outside the time that is observed.
	ErrCutoff = errors.New("churn: cut-off is outside the observed time")
	// ErrSchema is wrapped where a data set does not have the features of a model.
	ErrSchema = errors.New("churn: data set does not fit the model")
)

// Event is something that happened between a customer and the company. A plain value:
// safe for concurrent reads.
type Event[K comparable] struct {
	// Customer is whose event it is. An empty string, a zero array (such as a nil UUID)
	// and a NaN are nobody: the event is set aside and counted.
	Customer K
	// Time is when it happened; what is below a second is cut off. The zero time is set
	// aside and counted.
	Time time.Time
	// Arrived is when the data had it: what arrived after a cut-off was not known there.
	// The zero time, and any before Time, is Time. What is below a second is cut off.
	Arrived time.Time
	// Kind says what happened: [Purchase], [Refund], [Contact] or any other text. The empty
	// text is a Purchase. A log has at most 256 different kinds.
	Kind string
	// Amount is money in minor units (cents, fen) of one currency, never negative; negative
	// ones are set aside and counted.
	Amount int64
	// Channel is where it happened and Category what it was about; empty: not known.
	Channel, Category string
}

// validateEvents tells whether the columns have equal lengths.
func validateEvents[K comparable](c *table.Events[K]) error {
	if c == nil {
		return fmt.Errorf("%w: Events are nil", ErrEvents)
	}
	n := len(c.Customers)
	if len(c.Times) != n {
		return fmt.Errorf("%w: column Times has %d rows, Customers has %d", ErrEvents, len(c.Times), n)
	}
	for _, col := range []struct {
		name   string
		length int
		is     bool
	}{
		{"Arrived", len(c.Arrived), c.Arrived != nil},
		{"Amounts", len(c.Amounts), c.Amounts != nil},
		{"Kinds", len(c.Kinds), c.Kinds != nil},
		{"Channels", len(c.Channels), c.Channels != nil},
		{"Categories", len(c.Categories), c.Categories != nil},
	} {
		if col.is && col.length != n {
			return fmt.Errorf("%w: column %s has %d rows, Customers has %d", ErrEvents, col.name, col.length, n)
		}
	}
	if int64(n) > maxEvents {
		return fmt.Errorf("%w: more than %d", ErrEvents, int64(maxEvents))
	}
	return nil
}
