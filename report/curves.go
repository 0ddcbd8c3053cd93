package report

// Calibration returns the chart that sets probabilities beside what came true: for bins of cases, the mean probability
// said and the share that came true, with its interval, and the diagonal on which both are the same. Both slices have one
// element a bin; [Report.Validate] says where their lengths differ.
func Calibration(said []float64, came []Estimate) Lines {
	bins := Line{Name: Text{"bins of cases, with intervals", "各概率区间及其置信区间"}, Style: Points, X: said}
	for _, c := range came {
		bins.Y, bins.Low, bins.High = append(bins.Y, c.Value), append(bins.Low, c.Low), append(bins.High, c.High)
	}
	return Lines{
		Title: Text{"Calibration: what was said and what came true", "校准：预测概率与实际占比"},
		X:     Measure{Text{"probability said", "预测概率"}, Percent},
		Y:     Measure{Text{"share that came true", "实际发生占比"}, Percent},
		Lines: []Line{bins, {Name: Text{"the same", "二者相等"}, Style: Reference, X: []float64{0, 1}, Y: []float64{0, 1}}},
	}
}

// Gains returns the chart of how many of all positive cases are among the first ones of a ranking: for each line, X is
// the share of cases taken, highest scores first, and Y the share of positives found. A dashed diagonal is the ranking
// by chance.
func Gains(lines ...Line) Lines {
	return ranking(Text{"Gains: how many are found", "增益：找到了多少"}, Measure{Text{"share of all that is found", "占全部正例"}, Percent}, 0, lines)
}

// Lift returns the chart of how much denser positive cases are among the first ones of a ranking than among all: for each
// line, X is the share of cases taken, highest scores first, and Y the lift. A dashed line at 1 is the ranking by chance.
func Lift(lines ...Line) Lines {
	return ranking(Text{"Lift over chance", "相对随机的提升度"}, Measure{Text{"lift", "提升度"}, Ratio}, 1, lines)
}

func ranking(title Text, y Measure, start float64, lines []Line) Lines {
	chance := Line{Name: Text{"by chance", "随机"}, Style: Reference, X: []float64{0, 1}, Y: []float64{start, 1}}
	return Lines{Title: title, X: Measure{Text{"share taken, highest first", "选取占比，由高到低"}, Percent}, Y: y, Lines: append(lines[:len(lines):len(lines)], chance)}
}
