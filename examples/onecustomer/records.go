package main

import (
	"encoding/csv"
	"iter"
	"strings"
	"time"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/identity/normalize"
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

// proofs say how sure each source is: the app and the mini-program know who is logged in
// and send codes to numbers; the others write down what they are told.
var proofs = map[string]identity.Proof{
	"shop": identity.Attested, "call-centre": identity.Claimed, "app": identity.Verified, "mini-program": identity.Verified,
}

// shanghai is the zone of all times.
var shanghai = time.FixedZone("UTC+8", 8*60*60)

// A record is what identity is told, and what profile is.
type record struct {
	identity.Observation
	says []customer.Field
}

// readRecords reads the records. What the schema declares as a trait is said of a customer;
// names and numbers, and all else, say who it is.
func readRecords() (all []record) {
	for _, row := range read(records) {
		r := record{Observation: identity.Observation{
			ID: row[1], Source: row[0], Record: row[1], Time: must(time.ParseInLocation(time.DateOnly, row[2], shanghai)),
		}}
		for name, text := range fields("name " + row[3] + "; phone " + row[4] + "; " + row[5]) {
			if kinds[name] == customer.KindUnset || name == "name" || name == "phone" {
				r.Identifiers = append(r.Identifiers, identity.Identifier{Type: name, Value: text, Proof: proofs[r.Source]})
			}
			if kinds[name] != customer.KindUnset {
				r.says = append(r.says, customer.Field{Name: name, Value: value(name, canonical(name, text))})
			}
		}
		all = append(all, r)
	}
	return all
}

// read returns the rows of a table of this program.
func read(table string) [][]string {
	r := csv.NewReader(strings.NewReader(table))
	r.TrimLeadingSpace = true
	return must(r.ReadAll())[1:]
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

// normalizers bring identifiers into one form, or refuse them.
var normalizers = map[string]normalize.Normalizer{
	"phone": must(normalize.Phone(&normalize.PhoneOptions{Region: "CN"})), "email": must(normalize.Email(nil)), "name": normalize.Name(nil),
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

// must returns v. It is for what is written in this program, where an error is a slip.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
