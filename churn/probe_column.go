package churn

import (
	"fmt"
	"math"
	"slices"

	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// column is what one column knows.
func (p *probe) column(c *table.Column) (Suspect, error) {
	codes, levels := probeCodes(c)
	s := Suspect{Column: c.Name, Order: noEstimate, Missing: noEstimate, Early: noEstimate, Late: noEstimate}
	everywhere := func(int) bool { return true }
	missing, some := make([]float64, len(codes)), 0
	for row := range missing {
		if c.Missing(row) {
			missing[row] = 1
			some++
		}
	}
	var err error
	if some > 0 && some < len(codes) {
		err = p.area(&s.Missing, missing, everywhere)
	}
	if c.Kind == table.Number && err == nil {
		err = p.area(&s.Order, c.Num, func(row int) bool { return !math.IsNaN(c.Num[row]) })
	}
	if err == nil {
		err = p.area(&s.Levels, p.shares(codes, levels, everywhere), everywhere)
	}
	if p.late != nil && err == nil {
		early := func(row int) bool { return !p.late[row] }
		shares := p.shares(codes, levels, early)
		err = p.area(&s.Early, shares, early)
		if err == nil {
			err = p.area(&s.Late, shares, func(row int) bool { return p.late[row] })
		}
	}
	if err != nil {
		return s, err
	}
	s.Strength = s.Levels.Value
	for _, e := range []score.Estimate{s.Order, s.Missing} {
		if !math.IsNaN(e.Value) {
			s.Strength = max(s.Strength, e.Value, 1-e.Value)
		}
	}
	p.flag(&s, c, codes, levels)
	return s, nil
}

// area sets e to the area under the curve of scores on the rows where in says so.
func (p *probe) area(e *score.Estimate, scores []float64, in func(row int) bool) error {
	var x []float64
	var labels []bool
	var groups []int32
	for row, l := range p.labels {
		if !in(row) {
			continue
		}
		x, labels = append(x, scores[row]), append(labels, l)
		if p.groups != nil {
			groups = append(groups, p.groups[row])
		}
	}
	*e = noEstimate
	if len(x) == 0 {
		return nil
	}
	b, err := score.NewBinary(x, labels, &score.BinaryOptions{Groups: groups})
	if err != nil {
		return err
	}
	*e = b.AUC()
	return nil
}

// probeCodes returns the level of each row and their number. The last is being missing.
func probeCodes(c *table.Column) (codes []int32, levels int) {
	codes = make([]int32, c.Len())
	if c.Kind == table.Category {
		levels = len(c.Levels) + 1
		for row, code := range c.Code {
			codes[row] = code
			if code < 0 {
				codes[row] = int32(levels - 1)
			}
		}
		return codes, levels
	}
	edges := score.Bins(slices.Compact(slices.Sorted(func(yield func(float64) bool) {
		for _, x := range c.Num {
			if !math.IsNaN(x) && !yield(x) {
				return
			}
		}
	})))
	if len(edges) > probeValues {
		edges = score.QuantileBins(c.Num, nil, probeRanges)
	}
	levels = len(edges) + 2
	for row, x := range c.Num {
		codes[row] = int32(edges.Of(x))
	}
	return codes, levels
}

// probeCount is the rows of a level and those of them that are positive.
type probeCount struct{ rows, positive int }

func (c *probeCount) add(positive bool) {
	c.rows++
	if positive {
		c.positive++
	}
}

// shares returns for each row how much the share of positives of its level is above the
// mean, both among the rows where from says so, for these less those of their fold.
func (p *probe) shares(codes []int32, levels int, from func(row int) bool) []float64 {
	var total probeCount
	var totalOf [probeFolds]probeCount
	count := make([]probeCount, levels)
	countOf := make([]probeCount, levels*probeFolds)
	for row, code := range codes {
		if from(row) {
			fold, l := p.fold[row], p.labels[row]
			total.add(l)
			totalOf[fold].add(l)
			count[code].add(l)
			countOf[int(code)*probeFolds+int(fold)].add(l)
		}
	}
	shares := make([]float64, len(codes))
	for row, code := range codes {
		all, c := total, count[code]
		if from(row) {
			fold := p.fold[row]
			mine, here := totalOf[fold], countOf[int(code)*probeFolds+int(fold)]
			all.rows, all.positive = all.rows-mine.rows, all.positive-mine.positive
			c.rows, c.positive = c.rows-here.rows, c.positive-here.positive
		}
		if all.rows > 0 {
			// (positive + prior·mean)/(rows + prior) - mean, of integers up to one division.
			shares[row] = float64(c.positive*all.rows-c.rows*all.positive) / (float64(c.rows+probePrior) * float64(all.rows))
		}
	}
	return shares
}

// flag says what is suspicious.
func (p *probe) flag(s *Suspect, c *table.Column, codes []int32, levels int) {
	add := func(f Flag, en, zh string) {
		s.Flags = append(s.Flags, f)
		s.Texts = append(s.Texts, Text{EN: en, ZH: zh})
	}
	count := make([]probeCount, levels)
	for row, code := range codes {
		count[code].add(p.labels[row])
	}
	reaches := func(e score.Estimate) bool { return e.Value >= p.bound || 1-e.Value >= p.bound }
	switch {
	case isLabel(count):
		add(FlagLabel, "is the label: two values, one for each class", "就是标签：两个取值，各对应一类")
	case reaches(s.Missing):
		add(FlagMissing, fmt.Sprintf("having a value or none gives an AUC of %.3f", max(s.Missing.Value, 1-s.Missing.Value)),
			fmt.Sprintf("仅凭是否缺失，AUC 已达 %.3f", max(s.Missing.Value, 1-s.Missing.Value)))
	case s.Order.Value >= p.bound:
		add(FlagOrder, fmt.Sprintf("high values alone give an AUC of %.3f", s.Order.Value),
			fmt.Sprintf("仅凭数值偏高，AUC 已达 %.3f", s.Order.Value))
	case 1-s.Order.Value >= p.bound:
		add(FlagOrder, fmt.Sprintf("low values alone give an AUC of %.3f", 1-s.Order.Value),
			fmt.Sprintf("仅凭数值偏低，AUC 已达 %.3f", 1-s.Order.Value))
	case s.Levels.Value >= p.bound:
		add(FlagLevels, fmt.Sprintf("levels alone give an AUC of %.3f", s.Levels.Value),
			fmt.Sprintf("仅凭取值类别，AUC 已达 %.3f", s.Levels.Value))
	default:
		p.flagCertain(c, codes, count, add)
	}
	if s.Early.Value >= probeTells && s.Late.Value-0.5 < (s.Early.Value-0.5)/2 && s.Late.High < s.Early.Low {
		add(FlagCollapse, fmt.Sprintf("the AUC falls from %.3f on earlier days to %.3f on later ones", s.Early.Value, s.Late.Value),
			fmt.Sprintf("AUC 从前期的 %.3f 降到后期的 %.3f", s.Early.Value, s.Late.Value))
	}
}

// flagCertain flags the most frequent level whose rows are positive beyond doubt, or if there is
// none, negative.
func (p *probe) flagCertain(c *table.Column, codes []int32, count []probeCount, add func(f Flag, en, zh string)) {
	odds := func(share float64) float64 { return share / (1 - share) }
	worth := p.worth(codes, count)
	certain := func(of func(l probeCount) int, share float64) int {
		least, at := odds(p.bound)*max(1, odds(share)), -1
		for i, l := range count {
			if (at < 0 || l.rows > count[at].rows) && odds(wilsonLow(of(l), l.rows, worth[i])) >= least {
				at = i
			}
		}
		return at
	}
	en, zh := "positive", "正例"
	of := func(l probeCount) int { return l.positive }
	at := certain(of, p.share)
	if at < 0 {
		en, zh = "negative", "负例"
		of = func(l probeCount) int { return l.rows - l.positive }
		at = certain(of, 1-p.share)
	}
	if at < 0 {
		return
	}
	rows, n := count[at].rows, of(count[at])
	switch {
	case at == len(count)-1:
		add(FlagCertain, fmt.Sprintf("%d of the %d rows without a value are %s", n, rows, en),
			fmt.Sprintf("缺失的 %d 行中有 %d 行为%s", rows, n, zh))
	case c.Kind == table.Category:
		add(FlagCertain, fmt.Sprintf("%d of the %d rows with %q are %s", n, rows, c.Levels[at], en),
			fmt.Sprintf("取值“%s”的 %d 行中有 %d 行为%s", c.Levels[at], rows, n, zh))
	default:
		low, high := math.Inf(1), math.Inf(-1)
		for row, code := range codes {
			if int(code) == at {
				low, high = min(low, c.Num[row]), max(high, c.Num[row])
			}
		}
		add(FlagCertain, fmt.Sprintf("%d of the %d rows from %g to %g are %s", n, rows, low, high, en),
			fmt.Sprintf("取值 %g 至 %g 的 %d 行中有 %d 行为%s", low, high, rows, n, zh))
	}
}

// worth returns for each level how many independent rows its rows are worth, if those of a group
// say the same: (Σn)²/Σn², over the rows n of each group.
func (p *probe) worth(codes []int32, count []probeCount) []float64 {
	worth := make([]float64, len(count))
	if p.groups == nil {
		for i, l := range count {
			worth[i] = float64(l.rows)
		}
		return worth
	}
	order := make([]int64, len(codes)) // level, then group
	for row, code := range codes {
		order[row] = int64(code)<<32 | int64(uint32(p.groups[row]))
	}
	slices.Sort(order)
	squares := make([]int64, len(count))
	for lo, hi := 0, 0; lo < len(order); lo = hi {
		for hi = lo + 1; hi < len(order) && order[hi] == order[lo]; {
			hi++
		}
		squares[order[lo]>>32] += int64(hi-lo) * int64(hi-lo)
	}
	for i, l := range count {
		if l.rows > 0 {
			worth[i] = float64(l.rows) * float64(l.rows) / float64(squares[i])
		}
	}
	return worth
}

// isLabel reports whether two levels have rows, and each those of one class.
func isLabel(count []probeCount) bool {
	used, pure := 0, 0
	for _, l := range count {
		if l.rows > 0 {
			used++
			if l.positive == 0 || l.positive == l.rows {
				pure++
			}
		}
	}
	return used == 2 && pure == 2
}

// wilsonLow is the lower bound of Wilson's interval of 95 % of the share of n in rows that are
// worth so many independent ones, 0 without rows.
func wilsonLow(n, rows int, worth float64) float64 {
	if rows == 0 {
		return 0
	}
	p, z2 := float64(n)/float64(rows), normal95*normal95/worth
	return (p + z2/2 - math.Sqrt(float64(p*(1-p)*z2)+float64(z2*z2/4))) / (1 + z2)
}
