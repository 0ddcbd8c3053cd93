package main

import (
	"embed"
	"encoding/csv"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
)

// Four sources recorded records.csv, as they export it: who it is, and what they know of them. All people are made up.
// events.csv is what happened to whom a record is of. Known is when we learned of it, where that was not at once.
//
//go:embed records.csv events.csv schema.json rights.json
var files embed.FS

// shanghai is the zone of all times.
var shanghai = time.FixedZone("UTC+8", 8*60*60)

func when(layout, text string) time.Time { return must(time.ParseInLocation(layout, text, shanghai)) }

// An arrival is something that comes in: a record, or an event of one that came before.
type arrival struct {
	learned time.Time
	record  string
	who     *identity.Observation // what identity is told; of an event nothing
	says    profile.Evidence      // what profile is told, of the atom of the record
}

// arrivals returns all that comes in, in order. What the schema declares as a trait is said of a customer;
// names and numbers, and all else, say who it is.
func arrivals() (all []arrival) {
	sources := map[byte]string{} // by the letter with which their records begin
	for row := range read("records.csv") {
		source, name, proof, on := row[0], row[1], proofs[row[0]], when(time.DateOnly, row[2])
		sources[name[0]] = source
		a := arrival{
			learned: on, record: name, who: &identity.Observation{ID: name, Source: source, Record: name, Time: on},
			says: profile.Evidence{ID: name, Source: source, Time: on, Verified: proof == identity.Verified},
		}
		for name, text := range fields("name " + row[3] + "; phone " + row[4] + "; " + row[5]) {
			declared := kinds[name] != customer.KindUnset
			if !declared || name == "name" || name == "phone" {
				a.who.Identifiers = append(a.who.Identifiers, identity.Identifier{Type: name, Value: text, Proof: proof})
			}
			if declared {
				a.says.Values = append(a.says.Values, customer.Field{Name: name, Value: value(name, canonical(name, text))})
			}
		}
		all = append(all, a)
	}
	for row := range read("events.csv") {
		a := arrival{learned: when(time.DateTime, row[1]+":00"), record: row[0]}
		a.says = profile.Evidence{ID: row[2] + " " + row[1], Source: sources[row[0][0]], Event: row[2], Time: a.learned}
		if row[4] != "" {
			a.learned = when(time.DateOnly, row[4])
		}
		for name, text := range fields(row[3]) {
			a.says.Values = append(a.says.Values, customer.Field{Name: name, Value: value(name, text)})
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.learned.Compare(b.learned) })
	return all
}

// read yields the rows of a file.
func read(name string) iter.Seq[[]string] {
	r := csv.NewReader(must(files.Open(name)))
	r.TrimLeadingSpace = true
	return slices.Values(must(r.ReadAll())[1:])
}

// fields yields the names and values of a text such as "city 广州; points 120".
func fields(text string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for field := range strings.SplitSeq(text, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(field), " ")
			if value != "" && !yield(name, value) {
				return
			}
		}
	}
}

// value reads a value as the schema declares it.
func value(name, text string) customer.Value {
	switch kinds[name] {
	case customer.KindInt64:
		return customer.Int64Value(must(strconv.ParseInt(text, 10, 64)))
	case customer.KindDecimal: // of fen
		return customer.DecimalValue(must(strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)), 2)
	case customer.KindLabels:
		return customer.LabelsValue(strings.Fields(text)...)
	}
	return customer.TextValue(text)
}

// canonical returns a text in its one form, and what has none as it is.
func canonical(name, text string) string {
	if n := normalizers[name]; n != nil {
		if v, err := n.One(text); err == nil {
			return v.Text
		}
	}
	return text
}
