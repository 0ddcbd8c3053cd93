package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
)

// events are what happened to whom a record is of. Known is when we learned of it, where
// that was not at once.
const events = `
record, time,             event,    with,                            known
S-1001, 2026-01-05 15:20, order,    amount 268.00; category tea,
A-2001, 2026-01-09 21:05, visit,    minutes 6,
S-1002, 2026-01-12 11:40, order,    amount 899.00; category shoes,
A-2002, 2026-01-15 21:10, visit,    minutes 12,
S-1003, 2026-01-18 17:30, order,    amount 59.90; category books,
W-3001, 2026-01-30 12:15, order,    amount 156.50; category books,
C-4001, 2026-02-02 09:30, opened,   ticket T-16,
C-4001, 2026-02-02 09:50, resolved, ticket T-16,
A-2002, 2026-02-03 20:40, opened,   ticket T-17,
A-2002, 2026-02-05 09:10, resolved, ticket T-17,
S-1002, 2026-02-07 15:05, order,    amount 459.00; category shoes,
S-1004, 2026-02-11 18:45, order,    amount 72.00; category tea,
W-3002, 2026-02-14 13:00, order,    amount 310.00; category garden,
C-4002, 2026-02-20 10:00, opened,   ticket T-24,
W-3003, 2026-03-01 10:15, order,    amount 128.00; category tea,
W-3003, 2026-03-05 19:25, order,    amount 96.00; category tea,
S-1002, 2026-03-08 16:20, order,    amount 1299.00; category shoes,  2026-03-12
W-3003, 2026-03-09 20:15, order,    amount 88.00; category tea,
W-3004, 2026-03-10 12:30, order,    amount 45.50; category tea,
W-3004, 2026-03-14 19:50, opened,   ticket T-31,
C-4004, 2026-03-15 10:20, resolved, ticket T-31,
C-4004, 2026-03-15 10:25, opened,   ticket T-32,
C-4004, 2026-03-16 09:40, resolved, ticket T-32,
A-2002, 2026-03-18 21:55, visit,    minutes 4,
`

// sources of records, by the letter with which their names begin.
var sources = map[byte]string{'S': "shop", 'A': "app", 'W': "mini-program", 'C': "call-centre"}

// An event is evidence of which the atom is not known yet.
type event struct {
	profile.Evidence
	record  string
	learned time.Time
}

// readEvents returns the events in the order in which we learn of them.
func readEvents() (all []event) {
	for _, row := range read(events) {
		at := must(time.ParseInLocation("2006-01-02 15:04", row[1], shanghai))
		e := event{record: row[0], learned: at, Evidence: profile.Evidence{
			ID: row[2] + " " + row[1], Source: sources[row[0][0]], Event: row[2], Time: at,
		}}
		if row[4] != "" {
			e.learned = must(time.ParseInLocation(time.DateOnly, row[4], shanghai))
		}
		for name, text := range fields(row[3]) {
			e.Values = append(e.Values, customer.Field{Name: name, Value: value(name, text)})
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.learned.Compare(b.learned) })
	return all
}

// value reads a value as the schema declares it.
func value(name, text string) (v customer.Value) {
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
