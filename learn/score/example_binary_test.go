package score_test

import (
	"fmt"
	"math"

	"github.com/clientele-go/clientele/learn/score"
	"github.com/clientele-go/clientele/table"
)

// How good are probabilities of leaving, now that it is known who left? Two of the
// customers are there twice, so rows are not independent.
func ExampleNewBinary() {
	probabilities := []float64{0.9, 0.8, 0.8, 0.7, 0.6, 0.4, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1}
	left, err := score.Labels(table.NumberColumn("left", 1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := score.NewBinary(probabilities, left, &score.BinaryOptions{
		Groups: []int32{1, 2, 3, 1, 4, 5, 6, 7, 8, 9, 10, 2}, // customers
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	auc := b.AUC()
	fmt.Printf("AUC %.3f (%.2f to %.2f)\n", auc.Value, auc.Low, auc.High)
	fmt.Printf("average precision %.3f\n", b.AveragePrecision().Value)
	ks, at := b.KS()
	fmt.Printf("KS %.3f at %.1f\n", ks.Value, at)
	fmt.Printf("log loss %.3f, Brier %.3f\n", b.LogLoss().Value, b.Brier().Value)
	for _, bin := range b.Reliability(score.WidthBins(2)) {
		fmt.Printf("%v rows at %.3f: %.3f left (%.2f to %.2f)\n", bin.Rows, bin.Mean, bin.True.Value, bin.True.Low, bin.True.High)
	}
	// Output:
	// AUC 0.875 (0.50 to 0.98)
	// average precision 0.747
	// KS 0.625 at 0.7
	// log loss 0.471, Brier 0.154
	// 7 rows at 0.243: 0.143 left (0.03 to 0.51)
	// 5 rows at 0.760: 0.600 left (0.20 to 0.90)
}

// What do alerts for a quarter of the customers come to? The border is in a tie: half of the
// two at 0.8 count.
func ExampleBinary_At() {
	b, err := score.NewBinary(
		[]float64{0.9, 0.8, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2},
		[]bool{true, true, false, true, false, false, false, false}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	budget := b.At(0.25)
	fmt.Printf("%v alerts, precision %.2f (%.2f to %.2f), recall %.2f, lift %.1f\n",
		budget.Rows, budget.Precision.Value, budget.Precision.Low, budget.Precision.High, budget.Recall.Value, budget.Lift.Value)
	fmt.Printf("%.3f told right; without alerts %.3f\n", budget.Accuracy.Value, budget.Nobody)
	// Output:
	// 2 alerts, precision 0.75 (0.25 to 1.00), recall 0.50, lift 2.0
	// 0.750 told right; without alerts 0.625
}

// A model was too bold. On rows it has not seen, its scores learn to mean what they say.
func ExampleCalibrate() {
	var logOdds []float64
	var left []bool
	for i := range 1000 {
		x := float64(i%10) - 4.5 // log-odds from -4.5 to 4.5
		share := 1 / (1 + math.Exp(-x/2))
		logOdds, left = append(logOdds, x), append(left, float64(i/10)+0.5 < 100*share)
	}
	for _, method := range []score.CalibrationMethod{score.Platt, score.Isotonic} {
		c, err := score.Calibrate(method, logOdds, left, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v: %.3f %.3f %.3f\n", method, c.Probability(-3), c.Probability(0), c.Probability(3))
	}
	// Output:
	// platt: 0.186 0.500 0.814
	// isotonic: 0.185 0.500 0.815
}

// A campaign costs 1 for each contact and 10 for each customer who takes the offer; one who
// is kept is worth 200. About 30 of 100 who would leave stay for it.
func ExampleBinary_ExpectedMaximumProfit() {
	b, err := score.NewBinary(
		[]float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1},
		[]bool{true, true, false, true, false, false, false, true, false, false}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	profit, err := b.ExpectedMaximumProfit(&score.ProfitOptions{Alpha: 6, Beta: 14, Value: 200, Offer: 10, Contact: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f a customer by contacting %.0f %%\n", profit.PerRow, 100*profit.Target)
	// Output:
	// 18.07 a customer by contacting 76 %
}
