package main

import (
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

// records are what four sources recorded, as they export it: who it is, and what they know of
// them. All people are made up.
const records = `
source,       record, day,        name,   phone,                  other
shop,         S-1001, 2026-01-05, 李 娜,  139-1234-5670,          member M1024; city 广州; address 体育西路 12 号; heard friend; pays wechat; points 120
mini-program, W-3001, 2026-01-06, ,       ,                       unionid oQ7lina; pays wechat; interests tea books; points 30
app,          A-2001, 2026-01-09, ,       +86 13912345670,        unionid oQ7lina; city 广州; heard advert
shop,         S-1002, 2026-01-12, 刘洋,   135 1234 5674,          city 深圳; address 科技路 7 号 2 栋; heard friend; pays card; interests running; points 860
app,          A-2002, 2026-01-15, ,       13512345674,            account 52; city 深圳; heard advert; pays card; interests running
shop,         S-1003, 2026-01-18, 王强,   (136) 1234-5675,        member M1025; city 东莞; pays card; points 45
call-centre,  C-4001, 2026-02-02, 李女士, １３９12345670,         address 天河路 1 号
shop,         S-1004, 2026-02-11, 李娜,   139****5670,            member M1024; city 佛山; points 15
shop,         S-1005, 2026-02-12, 无,     13800138000,            pays cash
mini-program, W-3002, 2026-02-14, ,       ,                       email SunLi@mail.cn; city 上海; pays wechat; points 60
call-centre,  C-4002, 2026-02-20, 陈静,   13612345675,            city 东莞
call-centre,  C-4003, 2026-02-28, 孙丽,   1.37E+10,               email sunli＠mail.cn; heard radio
mini-program, W-3003, 2026-03-01, 赵**,   13512345674,            unionid oQ7zhaomin; heard friend; pays alipay; interests tea; points 210
mini-program, W-3004, 2026-03-09, ,       ,                       unionid oQ7zhaomin; address 海滨路 3 号; pays alipay; interests tea garden; points 5
call-centre,  C-4004, 2026-03-15, 赵女士, 135-1234-5674,          city 珠海; pays alipay
`

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
	for row := range read(records) {
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
	for row := range read(events) {
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

// read yields the rows of a table of this file.
func read(table string) iter.Seq[[]string] {
	r := csv.NewReader(strings.NewReader(table))
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
