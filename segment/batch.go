package segment

import (
	"time"

	"github.com/clientele-go/clientele/customer"
)

// Batch is a list of writes, which Index.Apply carries out in their order and as a whole. The zero Batch is empty and
// ready for use. A write to a customer the index does not know makes that customer, except for Clear, Remove and Delete,
// which then do nothing. Not safe for concurrent use.
type Batch struct {
	// At is when the values were true: Coverage measures from it how stale a tag is. The zero time leaves that as it is.
	At time.Time

	writes []write
	calls  int
}

// write is one line of a batch.
type write struct {
	verb  verb
	id    customer.ID
	tag   string
	value customer.Value
	at    time.Time
	row   int
}

type verb uint8

const (
	verbAdd verb = iota
	verbDelete
	verbSet
	verbNewer
	verbAddLabels
	verbRemoveLabels
	verbIncrement
)

// Len returns the number of writes; a Row counts as one.
func (b *Batch) Len() int { return b.calls }

func (b *Batch) write(w write) {
	w.row = b.calls
	b.writes = append(b.writes, w)
	b.calls++
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	clear(b.writes)
	b.writes, b.calls, b.At = b.writes[:0], 0, time.Time{}
}

// Add makes the customer if there is none.
func (b *Batch) Add(id customer.ID) {
	b.write(write{verb: verbAdd, id: id})
}

// Delete takes the customer and all its values out of the index. Should the id come back, it is a new customer. The id
// itself, and texts that nobody else has, stay in the memory of the index, unseen, until Index.Compact.
func (b *Batch) Delete(id customer.ID) {
	b.write(write{verb: verbDelete, id: id})
}

// Set gives the customer's tag a value, of a kind that goes with the tag; the unset value clears it.
func (b *Batch) Set(id customer.ID, tag string, v customer.Value) {
	b.write(write{verb: verbSet, id: id, tag: tag, value: v})
}

// Clear makes the customer's tag unset.
func (b *Batch) Clear(id customer.ID, tag string) { b.Set(id, tag, customer.Value{}) }

// SetIfNewer is Set where the tag has no value that SetIfNewer gave it with a later time; of two values with the same
// time the one written last stays. A value that has no time, because Set or Increment wrote it, gives way. The index
// keeps the time of every value written like this, to the nanosecond; at must be in years 1678 to 2261.
func (b *Batch) SetIfNewer(id customer.ID, tag string, v customer.Value, at time.Time) {
	b.write(write{verb: verbNewer, id: id, tag: tag, value: v, at: at})
}

// AddLabels adds labels to those the customer has.
func (b *Batch) AddLabels(id customer.ID, tag string, labels ...string) {
	b.write(write{verb: verbAddLabels, id: id, tag: tag, value: customer.LabelsValue(labels...)})
}

// RemoveLabels takes labels away; without any left the tag is set to the empty set.
func (b *Batch) RemoveLabels(id customer.ID, tag string, labels ...string) {
	b.write(write{verb: verbRemoveLabels, id: id, tag: tag, value: customer.LabelsValue(labels...)})
}

// Increment adds to the customer's Integer, Decimal or Float; an unset one counts as 0.
func (b *Batch) Increment(id customer.ID, tag string, by customer.Value) {
	b.write(write{verb: verbIncrement, id: id, tag: tag, value: by})
}

// Row sets the values of a row, as Set does with each.
func (b *Batch) Row(row customer.Row) {
	b.Add(row.ID)
	for _, f := range row.Values {
		b.calls--
		b.Set(row.ID, f.Name, f.Value)
	}
}
