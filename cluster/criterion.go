package cluster

import (
	"errors"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/internal/enum"
)

// Criterion is a rule that picks k. A plain value: safe for concurrent reads.
type Criterion uint8

// The criteria. Of candidates that are equally good the one with fewer groups wins; one
// whose figure is NaN is passed over. There is no elbow: where the curve of the inertia
// seems to bend depends on the scale of the drawing (Schubert, "Stop using the elbow
// criterion for k-means and how to choose the number of clusters instead", 2023).
const (
	BySilhouette       Criterion = iota + 1 // the largest silhouette
	BySimplified                            // the largest simplified silhouette
	ByCalinskiHarabasz                      // the largest index
	ByDaviesBouldin                         // the smallest index
	ByBIC                                   // the smallest BIC
	ByGap                                   // the first k whose gap is at least that of the next less its error
	ByStability                             // the largest k whose groups all have a stability of 0.75 or more
)

var criterionNames = []string{
	"none", "silhouette", "simplified", "calinski_harabasz", "davies_bouldin", "bic", "gap", "stability",
}

// String is the criterion's name in lower case.
func (c Criterion) String() string { return enum.Name(criterionNames, c) }

// MarshalText writes the criterion's name.
func (c Criterion) MarshalText() ([]byte, error) {
	if c == 0 {
		return nil, errors.New("cluster: no criterion")
	}
	return enum.Marshal("cluster", "criterion", criterionNames, c)
}

// UnmarshalText reads the criterion's name.
func (c *Criterion) UnmarshalText(text []byte) error {
	if string(text) == criterionNames[0] {
		return errors.New("cluster: no criterion")
	}
	return enum.Unmarshal("cluster", "criterion", criterionNames, text, c)
}

// stable is from where on a group counts as stable.
const stable = 0.75

// ErrNoChoice is returned, bare, by [Choice.By] where no candidate satisfies the criterion
// or none has its figure.
var ErrNoChoice = errors.New("cluster: the criterion picks no k")

// By returns the candidate that the first of the criteria picks that picks one, or ErrNoChoice: By(ByStability,
// BySilhouette) takes the silhouette where no division is stable.
func (c *Choice) By(criteria ...Criterion) (*Candidate, error) {
	for _, criterion := range criteria {
		if best, err := c.by(criterion); !errors.Is(err, ErrNoChoice) {
			return best, err
		}
	}
	return nil, ErrNoChoice
}

func (c *Choice) by(criterion Criterion) (*Candidate, error) {
	switch criterion {
	case BySilhouette:
		return c.best(func(c *Candidate) float64 { return c.Silhouette })
	case BySimplified:
		return c.best(func(c *Candidate) float64 { return c.Simplified })
	case ByCalinskiHarabasz:
		return c.best(func(c *Candidate) float64 { return c.CalinskiHarabasz })
	case ByDaviesBouldin:
		return c.best(func(c *Candidate) float64 { return -c.DaviesBouldin })
	case ByBIC:
		return c.best(func(c *Candidate) float64 { return -c.BIC })
	case ByGap:
		for i := range len(c.Candidates) - 1 {
			each, next := &c.Candidates[i], &c.Candidates[i+1]
			if each.Gap >= next.Gap-next.GapError {
				return each, nil
			}
		}
		return nil, ErrNoChoice
	case ByStability:
		for i := len(c.Candidates) - 1; i >= 0; i-- {
			if c.Candidates[i].MinStability() >= stable {
				return &c.Candidates[i], nil
			}
		}
		return nil, ErrNoChoice
	}
	return nil, fmt.Errorf("cluster: unknown criterion %d", criterion)
}

// best returns the candidate with the largest score.
func (c *Choice) best(score func(*Candidate) float64) (*Candidate, error) {
	var best *Candidate
	for i := range c.Candidates {
		each := &c.Candidates[i]
		if s := score(each); !math.IsNaN(s) && (best == nil || s > score(best)) {
			best = each
		}
	}
	if best == nil {
		return nil, ErrNoChoice
	}
	return best, nil
}
