package rfm

import (
	"encoding"
	"fmt"
	"math"
	"time"

	"github.com/clientele-go/clientele/internal/enum"
)

// A Transaction is one line of one customer's business: a purchase or a refund.
// It is a plain value: safe for concurrent reads.
type Transaction[K comparable] struct {
	// Customer is the buyer. An empty string, a zero array (such as a nil
	// UUID) and a NaN are no customer: the line is set aside and counted.
	Customer K
	// Time is the instant of the line. The zero Time is set aside and counted.
	Time time.Time
	// Amount is the money of the line in minor units (cents, fen) of one
	// currency, never negative: Kind says which way it flows. Negative amounts
	// are set aside and counted; zero is a purchase like any other.
	Amount int64
	// Order is the order the line belongs to, for a refund the order it takes
	// back. A purchase with an empty Order is an order of its own.
	Order string
	// Kind is Purchase unless said otherwise.
	Kind Kind
}

// Kind tells purchases from refunds. It is a plain value: safe for concurrent reads.
type Kind uint8

// The kinds of transaction.
const (
	Purchase Kind = iota // money in
	Refund               // money back
)

// Columns holds transactions as columns of equal length, the fast way in.
// It is not safe for concurrent use while it is being written.
type Columns[K comparable] struct {
	Customers []K     // see [Transaction]
	Times     []int64 // unix seconds; math.MinInt64 is no time
	Amounts   []int64 // minor units, see [Transaction]
	// Orders or OrderNumbers holds the orders, as text or as numbers; both nil
	// makes each purchase an order of its own. An order given once as text and
	// once as a number is two orders. Every number is one, 0 as well.
	Orders       []string
	OrderNumbers []int64
	Kinds        []Kind // nil: all purchases
}

// Len is the number of transactions.
func (c *Columns[K]) Len() int { return len(c.Customers) }

func (c *Columns[K]) validate() error {
	n := len(c.Customers)
	check := func(name string, length int, optional bool) error {
		if length == n || optional && length == 0 {
			return nil
		}
		return fmt.Errorf("rfm: column %s has %d rows, Customers has %d", name, length, n)
	}
	if len(c.Orders) > 0 && len(c.OrderNumbers) > 0 {
		return fmt.Errorf("rfm: columns Orders and OrderNumbers exclude each other")
	}
	for _, err := range []error{
		check("Times", len(c.Times), false),
		check("Amounts", len(c.Amounts), false),
		check("Orders", len(c.Orders), true),
		check("OrderNumbers", len(c.OrderNumbers), true),
		check("Kinds", len(c.Kinds), true),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// slice returns the rows [lo, hi), sharing memory.
func (c *Columns[K]) slice(lo, hi int) Columns[K] {
	part := Columns[K]{Customers: c.Customers[lo:hi], Times: c.Times[lo:hi], Amounts: c.Amounts[lo:hi]}
	if len(c.Orders) > 0 {
		part.Orders = c.Orders[lo:hi]
	}
	if len(c.OrderNumbers) > 0 {
		part.OrderNumbers = c.OrderNumbers[lo:hi]
	}
	if len(c.Kinds) > 0 {
		part.Kinds = c.Kinds[lo:hi]
	}
	return part
}

// A Report says what became of every transaction offered. It is a plain value:
// safe for concurrent reads.
//
//	Rows = Purchases + Refunds + RefundsIgnored + NoCustomer + NoTime +
//	       Future + BeforeWindow + Negative + UnknownKind
//
// A row that has several faults is counted under the first in that order of
// checks: unknown kind, no customer, no time, negative, future, before the window.
type Report struct {
	Rows           int64 `json:"rows"`            // offered
	Purchases      int64 `json:"purchases"`       // counted as purchases
	Refunds        int64 `json:"refunds"`         // counted as refunds
	RefundsIgnored int64 `json:"refunds_ignored"` // left out by [IgnoreRefunds]
	NoCustomer     int64 `json:"no_customer"`     // set aside: no customer key
	NoTime         int64 `json:"no_time"`         // set aside: zero time
	Future         int64 `json:"future"`          // set aside: after the as-of day
	BeforeWindow   int64 `json:"before_window"`   // set aside: before the window
	Negative       int64 `json:"negative"`        // set aside: negative amount
	UnknownKind    int64 `json:"unknown_kind"`    // set aside: neither purchase nor refund

	ZeroAmounts int64 `json:"zero_amounts"` // of Purchases: those of amount zero
	// Customers without a purchase left (refunds alone, or every order fully
	// returned) have no recency: they are not scored, but counted here with
	// the money they moved, so that totals reconcile.
	RefundOnly       int64 `json:"refund_only"`
	RefundOnlyAmount int64 `json:"refund_only_amount"`
}

// SetAside is the number of rows that were not counted because of a fault or
// because they lie outside the window; ignored refunds are not among them.
func (r Report) SetAside() int64 {
	return r.NoCustomer + r.NoTime + r.Future + r.BeforeWindow + r.Negative + r.UnknownKind
}

// consistent tells whether r can be the report of an accumulator.
func (r *Report) consistent() bool {
	counts := []int64{r.Purchases, r.Refunds, r.RefundsIgnored, r.NoCustomer, r.NoTime, r.Future, r.BeforeWindow, r.Negative, r.UnknownKind}
	sum := int64(0)
	for _, n := range counts {
		if n < 0 || n > math.MaxInt64-sum {
			return false
		}
		sum += n
	}
	return sum == r.Rows && r.ZeroAmounts >= 0 && r.ZeroAmounts <= r.Purchases && r.RefundOnly == 0 && r.RefundOnlyAmount == 0
}

func (r *Report) add(o *Report) {
	r.Rows += o.Rows
	r.Purchases += o.Purchases
	r.Refunds += o.Refunds
	r.RefundsIgnored += o.RefundsIgnored
	r.NoCustomer += o.NoCustomer
	r.NoTime += o.NoTime
	r.Future += o.Future
	r.BeforeWindow += o.BeforeWindow
	r.Negative += o.Negative
	r.UnknownKind += o.UnknownKind
	r.ZeroAmounts += o.ZeroAmounts
	r.RefundOnly += o.RefundOnly
	r.RefundOnlyAmount += o.RefundOnlyAmount
}

var (
	_ encoding.TextMarshaler   = Purchase
	_ encoding.TextUnmarshaler = (*Kind)(nil)
)

var kindNames = []string{"purchase", "refund"}

// String is the kind's name in lower case.
func (k Kind) String() string { return enum.Name(kindNames, k) }

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return enum.Marshal("rfm", "kind", kindNames, k) }

// UnmarshalText reads the kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	return enum.Unmarshal("rfm", "kind", kindNames, text, k)
}
