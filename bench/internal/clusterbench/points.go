package clusterbench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/clientele-go/clientele/table"
)

// points are rows of numbers, by columns and by rows. They are made when they are needed.
type points struct {
	name string
	n, d int
	fill func(row []float64) // writes the next row; nil: done
	rows []float64
	*table.Table[int]
}

// make makes the points.
func (p *points) make() {
	if p.fill == nil {
		return
	}
	p.rows, p.Table = make([]float64, p.n*p.d), &table.Table[int]{}
	for row := range slices.Chunk(p.rows, p.d) {
		p.fill(row)
	}
	for j := range p.d {
		column := make([]float64, p.n)
		for i := range column {
			column[i] = p.rows[i*p.d+j]
		}
		p.Columns = append(p.Columns, table.NumberColumn("x"+strconv.Itoa(j), column...))
	}
	p.fill = nil
}

// blobs are 12 normal distributions of 8 numbers, each with a spread of its own, and a
// tenth of the points anywhere.
func blobs(n int) *points {
	const d, count = 8, 12
	r := rand.New(rand.NewPCG(1, 8))
	var center [count][d]float64
	var spread [count]float64
	for b := range center {
		spread[b] = 0.8 + 1.7*r.Float64()
		for j := range center[b] {
			center[b][j] = 20*r.Float64() - 10
		}
	}
	return &points{name: "blobs", n: n, d: d, fill: func(row []float64) {
		noise, b := r.Float64() < 0.1, r.IntN(count)
		for j := range row {
			if noise {
				row[j] = 30*r.Float64() - 15
			} else {
				row[j] = center[b][j] + spread[b]*r.NormFloat64()
			}
		}
	}}
}

// shoppers are days since the last purchase, purchases, money and days since the first
// purchase, as ln(1+x) less its expectation and divided by its deviation. They form no
// groups.
func shoppers(n int) *points {
	r := rand.New(rand.NewPCG(2, 4))
	expectation, deviation := [...]float64{5.38, 1.47, 4.61, 6.32}, [...]float64{1.37, 0.80, 1.28, 0.98}
	return &points{name: "log RFM", n: n, d: 4, fill: func(row []float64) {
		tenure := 1 + math.Floor(1500*r.Float64())
		purchases := 1 + math.Floor(math.Exp(1.2*r.NormFloat64())*tenure/300)
		recency := math.Floor(min(tenure, 3*tenure/purchases*r.ExpFloat64()))
		money := math.Round(100*purchases*math.Exp(3.5+0.8*r.NormFloat64())) / 100
		for j, x := range [...]float64{recency, purchases, money, tenure} {
			row[j] = (math.Log1p(x) - expectation[j]) / deviation[j]
		}
	}}
}

// head are the first n points.
func (p *points) head(n int) *points {
	at := 0
	return &points{name: p.name, n: min(n, p.n), d: p.d, fill: func(row []float64) {
		p.make()
		at += copy(row, p.rows[at:])
	}}
}

// start are k different rows.
func (p *points) start(k int) [][]float64 {
	r := rand.New(rand.NewPCG(3, uint64(k)))
	centers := make([][]float64, k)
	for c, i := range r.Perm(p.n)[:k] {
		centers[c] = p.rows[i*p.d:][:p.d]
	}
	return centers
}

// short writes 1000000 as 1M.
func short(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return strconv.Itoa(n)
}
