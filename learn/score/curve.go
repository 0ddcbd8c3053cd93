package score

import (
	"encoding/json"
	"fmt"
	"math"
)

// Point is what alerting every row with at least a certain score comes to. A plain value:
// safe for concurrent reads.
type Point struct {
	Score       float64 // the lowest that is alerted; +Inf where none is
	Alerted     float64 // share of rows that are alerted
	Recall      float64 // share of what came true that is alerted; NaN if nothing came true
	FalseAlarms float64 // share of what did not come true that is alerted; NaN if all came true
	Precision   float64 // share of the alerted that came true; 1 where none is alerted
}

// Curve returns the point where nothing is alerted and one for each distinct score,
// descending. Recall over FalseAlarms is the ROC curve, which straight lines connect;
// Precision over Recall is the precision-recall curve, which they do not; Recall over
// Alerted is the curve of cumulative gains.
func (b *Binary) Curve() []Point {
	points := make([]Point, 0, len(b.start))
	for i := range b.start {
		points = append(points, b.point(i))
	}
	return points
}

// Hull returns the points of Curve at the corners of the convex hull of the ROC curve, from
// nothing alerted to everything: those that are best for some costs of the two kinds of
// error. Nil with one class. Cost: O(distinct scores).
func (b *Binary) Hull() []Point {
	if b.oneClass() {
		return nil
	}
	var points []Point
	for _, i := range hull(b.trues, b.falses) {
		points = append(points, b.point(i))
	}
	return points
}

// point is the one where the blocks before i are alerted.
func (b *Binary) point(i int) Point {
	p := Point{Score: math.Inf(1), Precision: 1}
	if i > 0 {
		p.Score = b.score[i-1]
		p.Precision = b.trues[i] / (b.trues[i] + b.falses[i])
	}
	p.Alerted = (b.trues[i] + b.falses[i]) / b.Rows()
	p.Recall = b.trues[i] / b.Positives()
	p.FalseAlarms = b.falses[i] / b.negatives()
	return p
}

// hull returns the numbers of blocks alerted at the corners of the upper convex hull.
func hull(trues, falses []float64) []int {
	var corners []int
	for i := range trues {
		for len(corners) > 1 {
			from, middle := corners[len(corners)-2], corners[len(corners)-1]
			x1, y1 := falses[middle]-falses[from], trues[middle]-trues[from]
			x2, y2 := falses[i]-falses[from], trues[i]-trues[from]
			if y1*x2 > y2*x1 {
				break
			}
			corners = corners[:len(corners)-1]
		}
		corners = append(corners, i)
	}
	return corners
}

type pointJSON struct {
	Score       number `json:"score"`
	Alerted     number `json:"alerted"`
	Recall      number `json:"recall"`
	FalseAlarms number `json:"false_alarms"`
	Precision   number `json:"precision"`
}

// MarshalJSON writes an object of the fields. A number that is not finite is as in [Estimate].
func (p Point) MarshalJSON() ([]byte, error) {
	return json.Marshal(pointJSON{number(p.Score), number(p.Alerted), number(p.Recall), number(p.FalseAlarms), number(p.Precision)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Point) UnmarshalJSON(data []byte) error {
	var j pointJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("score: point: %w", err)
	}
	*p = Point{float64(j.Score), float64(j.Alerted), float64(j.Recall), float64(j.FalseAlarms), float64(j.Precision)}
	return nil
}
