package synth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDealt: the shares are exact in each block, and who is dealt one of a pair has the
// other.
func TestDealt(t *testing.T) {
	c, err := NewCrowd(9, 1000, nil)
	require.NoError(t, err)
	other := map[role]role{donor: recipient, recipient: donor, lender: borrower, borrower: lender, tablet: tablet}
	for first := 0; first < 1000; first += block {
		dealt := map[role]int{}
		for i := first; i < first+block; i++ {
			r, partner := c.dealt(i)
			dealt[r]++
			if r == ordinary {
				require.Equal(t, -1, partner)
				continue
			}
			back, own := c.dealt(partner)
			require.Equal(t, other[r], back)
			require.Equal(t, i, own)
			require.Equal(t, first, partner/block*block)
		}
		// 5% recycled numbers, 3% family numbers, 2% on tablets.
		require.Equal(t, map[role]int{donor: 5, recipient: 5, lender: 3, borrower: 3, tablet: 2, ordinary: 82}, dealt)
	}
}
