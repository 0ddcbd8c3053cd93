package churn

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/clientele-go/clientele/learn/score"
)

// Report tells how good a model is on rows it has not seen, beside others. See [Evaluate]. A
// plain value: safe for concurrent reads.
type Report struct {
	Label      string  `json:"label"`      // its name
	Gap        int     `json:"gap"`        // days of the plan
	Horizon    int     `json:"horizon"`    // days of the plan
	First      Day     `json:"first"`      // cut-off of the rows
	Last       Day     `json:"last"`       // cut-off of the rows
	Rows       int     `json:"rows"`       // judged
	Positive   int     `json:"positive"`   // of Rows: it came true
	Customers  int     `json:"customers"`  // of Rows: how many there are
	Share      float64 `json:"share"`      // of the rows that is alerted
	Confidence float64 `json:"confidence"` // of all intervals
	// Contenders are "model", "logistic baseline", "silent for n days", "share so far" and
	// "nobody", see [Evaluate].
	Contenders []Contender `json:"contenders"`
	// Reliability sets the probabilities of the model beside what came true, in bins of as
	// nearly equal counts as ties allow.
	Reliability []score.ReliabilityBin `json:"reliability"`
}

// Contender is one way to rank customers, and how it did. Measures are those of package
// score, and are documented there; those of probabilities are NaN for "silent for n days"
// and "nobody", which have none, and those of a ranking are NaN for "nobody". The constant "share
// so far" ranks nothing: its AUC is 0.5 and its KS 0 for certain, and its AveragePrecision and
// ECE have the interval of a share. A plain value: safe for concurrent reads.
type Contender struct {
	Name             string         `json:"name"`              // see Report.Contenders
	AUC              score.Estimate `json:"auc"`               // 0.5 is chance
	AveragePrecision score.Estimate `json:"average_precision"` // the share of positives is chance
	KS               score.Estimate `json:"ks"`                // distance of the two classes
	Brier            score.Estimate `json:"brier"`             // mean squared error of the probability
	LogLoss          score.Estimate `json:"log_loss"`          // mean of -log of the probability of what came
	ECE              score.Estimate `json:"ece"`               // over ten bins of equal width
	// BrierParts say where Brier comes from, over ten bins of equal width. Nil without
	// probabilities.
	BrierParts *score.BrierParts `json:"brier_parts,omitempty"`
	// AUCGain is the AUC of the model less that of this one, paired: above 0 the model is
	// better. P is the probability of so large a difference by chance; in JSON it is null where
	// it is NaN.
	AUCGain score.Estimate `json:"auc_gain"`
	P       float64        `json:"p"`
	// EMPC is the expected maximum profit for each row, Target the share of rows that it takes.
	// Of "nobody" both are 0; of equal scores they are those of calling everybody or nobody,
	// whichever earns more, as if the share that comes true were known.
	EMPC   score.Estimate `json:"empc"`
	Target float64        `json:"target"`
	// At is what alerting Report.Share of the rows comes to: those with the highest scores; of
	// "nobody", none.
	At score.Budget `json:"at"`
	// Own is what following the rule comes to, however many it alerts: all rows with that
	// silence; nobody. Nil for the others, which have no threshold.
	Own *score.Budget `json:"own,omitempty"`
	// Gains are the budgets of 10 %, 20 % and so on to 100 % of the rows: Recall is
	// the gain, Lift the lift; of "nobody" none are ever alerted.
	Gains []score.Budget `json:"gains"`
	// Curve is for plots: some hundred points at most, from nobody alerted to everybody; of
	// "nobody" the first alone.
	Curve []score.Point `json:"curve"`
}

// plainContender is a Contender without methods.
type plainContender Contender

// contenderJSON has a P that may be null, in place of that of a Contender.
type contenderJSON struct {
	*plainContender
	P *optional `json:"p"`
}

// MarshalJSON writes the fields, with null for a P that is NaN.
func (c Contender) MarshalJSON() ([]byte, error) {
	return json.Marshal(contenderJSON{(*plainContender)(&c), (*optional)(&c.P)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Contender) UnmarshalJSON(data []byte) error {
	read := Contender{P: math.NaN()}
	form := contenderJSON{(*plainContender)(&read), (*optional)(&read.P)}
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("churn: contender: %w", err)
	}
	*c = read
	return nil
}
