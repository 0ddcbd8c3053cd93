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
	Reliability []ReliabilityBin `json:"reliability"`
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
	BrierParts *BrierParts `json:"brier_parts,omitempty"`
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
	At OperatingPoint `json:"at"`
	// Own is what following the rule comes to, however many it alerts: all rows with that
	// silence; nobody. Nil for the others, which have no threshold.
	Own *OperatingPoint `json:"own,omitempty"`
	// Gains are the operating points at 10 %, 20 % and so on to 100 % of the rows: Recall is
	// the gain, Lift the lift; of "nobody" none are ever alerted.
	Gains []OperatingPoint `json:"gains"`
	// Curve is for plots: some hundred points at most, from nobody alerted to everybody; of
	// "nobody" the first alone.
	Curve []CurvePoint `json:"curve"`
}

// plainContender is a Contender without methods.
type plainContender Contender

// contenderJSON has a P that may be null, in place of that of a Contender.
type contenderJSON struct {
	*plainContender
	P *float64 `json:"p"`
}

// MarshalJSON writes the fields, with null for a P that is NaN.
func (c Contender) MarshalJSON() ([]byte, error) {
	form := contenderJSON{plainContender: (*plainContender)(&c), P: &c.P}
	if math.IsNaN(c.P) {
		form.P = nil
	}
	return json.Marshal(form)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Contender) UnmarshalJSON(data []byte) error {
	var plain plainContender
	form := contenderJSON{plainContender: &plain}
	if err := json.Unmarshal(data, &form); err != nil {
		return fmt.Errorf("churn: contender: %w", err)
	}
	if plain.P = math.NaN(); form.P != nil {
		plain.P = *form.P
	}
	*c = Contender(plain)
	return nil
}

// OperatingPoint is what alerting some rows comes to. A plain value: safe for concurrent reads.
type OperatingPoint struct {
	Alerts    float64        `json:"alerts"`    // rows; not whole where equal scores count in proportion
	Precision score.Estimate `json:"precision"` // share of alerts that came true; NaN if there are none
	Recall    score.Estimate `json:"recall"`    // share of what came true that was alerted
	Accuracy  score.Estimate `json:"accuracy"`  // share of rows told right: alerted and true, or not and not
	Lift      score.Estimate `json:"lift"`      // Precision over the share of rows that came true
}

// BrierParts are what a Brier score comes from: see [score.BrierParts]. A plain value: safe
// for concurrent reads.
type BrierParts struct {
	Reliability      float64 `json:"reliability"`       // what calibration could take away
	Resolution       float64 `json:"resolution"`        // what telling rows apart gains
	Uncertainty      float64 `json:"uncertainty"`       // score of one probability for all
	WithinVariance   float64 `json:"within_variance"`   // of the probabilities in a bin
	WithinCovariance float64 `json:"within_covariance"` // twice, with what came true
}

// ReliabilityBin is a point of a reliability diagram. A plain value: safe for concurrent reads.
type ReliabilityBin struct {
	Low  float64        `json:"low"`  // probabilities above it
	High float64        `json:"high"` // and not above it are in the bin; 0 is in the first
	Rows float64        `json:"rows"` // in the bin
	Mean float64        `json:"mean"` // of the probabilities
	True score.Estimate `json:"true"` // share that came true
}

// CurvePoint is what alerting all rows with at least some score comes to. Recall over
// FalseAlarms is the ROC curve, Recall over Alerted that of gains, Precision over Recall the
// precision-recall curve. A plain value: safe for concurrent reads.
type CurvePoint struct {
	Alerted     float64 `json:"alerted"`      // share of rows
	Recall      float64 `json:"recall"`       // share of what came true
	FalseAlarms float64 `json:"false_alarms"` // share of what did not come true
	Precision   float64 `json:"precision"`    // share of the alerted that came true; 1 without any
}
