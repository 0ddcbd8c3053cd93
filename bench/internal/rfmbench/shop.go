package rfmbench

import (
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/synth"
)

// asOf is the day of the analysis: the first after the data.
var asOf = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// asOfDay is asOf in days since 1970.
var asOfDay = asOf.Unix() / 86400

// A shop is the input of several tasks: invoice lines in order of time, of
// customers 1 to customers.
type shop struct {
	customers             int
	customer, unix        []int64
	amount, order         []int64
	customerTexts, orders []string // made when asked for
}

func newShop(lines, customers int) (*shop, error) {
	s := &shop{
		customers: customers,
		customer:  make([]int64, lines), unix: make([]int64, lines),
		amount: make([]int64, lines), order: make([]int64, lines),
	}
	return s, synth.Bulk(1, customers, s.customer, s.unix, s.amount, s.order)
}

func (s *shop) orderCount() int { return int(slices.Max(s.order)) }

// texts writes numbers as a letter and eight digits, such as C00000042. Every
// row has bytes of its own, as if it had just been read.
func texts(letter byte, numbers []int64) []string {
	const width = 9
	bytes := make([]byte, 0, width*len(numbers))
	for _, n := range numbers {
		bytes = fmt.Appendf(bytes, "%c%08d", letter, n)
	}
	all := string(bytes)
	out := make([]string, len(numbers))
	for i := range out {
		out[i] = all[i*width : (i+1)*width]
	}
	return out
}

func (s *shop) customerText() []string {
	if s.customerTexts == nil {
		s.customerTexts = texts('C', s.customer)
	}
	return s.customerTexts
}

func (s *shop) orderText() []string {
	if s.orders == nil {
		s.orders = texts('O', s.order)
	}
	return s.orders
}

func (s *shop) customerNumbers() []int64 { return s.customer }

func (s *shop) orderNumbers() []int64 { return s.order }
