package score

import "slices"

// pooled is a block of adjacent scores.
type pooled struct {
	x     float64 // mean score
	trues float64 // weight of what came true
	rows  float64 // weight
}

// pool returns the blocks of isotonic regression, ascending (pool adjacent violators).
func (b *Binary) pool() []pooled {
	var blocks []pooled
	for i := len(b.score) - 1; i >= 0; i-- {
		t := b.trues[i+1] - b.trues[i]
		last := pooled{b.score[i], t, t + b.falses[i+1] - b.falses[i]}
		for len(blocks) > 0 {
			before := blocks[len(blocks)-1]
			if before.trues*last.rows < last.trues*before.rows {
				break
			}
			rows := before.rows + last.rows
			part := last.rows / rows
			last = pooled{before.x*(1-part) + last.x*part, before.trues + last.trues, rows}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, last)
	}
	return blocks
}

// isotonic is the centred isotonic regression.
func (b *Binary) isotonic() *Calibration {
	c := &Calibration{method: Isotonic}
	high, low := b.targets()
	for _, block := range b.pool() {
		p := min(max(block.trues/block.rows, low), high)
		if n := len(c.x); n > 0 && (block.x <= c.x[n-1] || p < c.p[n-1]) {
			continue // rounding
		}
		c.x, c.p = append(c.x, block.x), append(c.p, p)
	}
	c.x, c.p = slices.Clip(c.x), slices.Clip(c.p)
	return c
}
