package churn

import "slices"

// Scenario is a list of alerts where the acceptance and the costs are others than was
// thought. A plain value: safe for concurrent reads.
type Scenario struct {
	Acceptance float64 `json:"acceptance"` // instead of Economics.Acceptance
	Costs      float64 `json:"costs"`      // Economics.Contact and Offer are multiplied by it
	// Same is what the list as it stands earns then, in minor units, also where it then costs more
	// than the budget.
	Same float64 `json:"same"`
	// Alerts and Profit are those of the list that [Alerts] would make then, under the same
	// capacity and budget. With a budget it may earn less than Same, or than another list.
	Alerts int     `json:"alerts"`
	Profit float64 `json:"profit"`
}

// scenarioAcceptance and scenarioCosts multiply what was thought.
var (
	scenarioAcceptance = []float64{0.5, 0.75, 1, 1.25, 1.5}
	scenarioCosts      = []float64{0.5, 1, 2}
)

// scenarios returns the grid of a list: for each acceptance, ascending, all costs, ascending.
// An acceptance above 1 is 1, and equal ones are there once; without costs they do not vary.
func scenarios[K comparable](l *AlertList[K], candidates []alertCandidate, opts *AlertOptions[K]) []Scenario {
	base, costs := opts.Economics.money(), scenarioCosts
	if base.contact == 0 && base.offer == 0 {
		costs = []float64{1}
	}
	var acceptances []float64
	for _, factor := range scenarioAcceptance {
		acceptances = append(acceptances, min(base.acceptance*factor, 1))
	}
	acceptances = slices.Compact(acceptances)
	var grid []Scenario
	work := slices.Clone(candidates)
	for _, acceptance := range acceptances {
		for _, factor := range costs {
			m := base
			m.acceptance, m.contact, m.offer = acceptance, base.contact*factor, base.offer*factor
			s := Scenario{Acceptance: acceptance, Costs: factor}
			for _, a := range l.Alerts {
				s.Same += m.profit(a.Probability, a.Value)
			}
			for i := range work {
				work[i].profit = m.profit(work[i].p, work[i].value)
			}
			best, _, _ := choose(work, m, opts)
			for _, c := range best {
				s.Profit += c.profit
			}
			s.Alerts = len(best)
			grid = append(grid, s)
		}
	}
	return grid
}
