package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/clientele-go/clientele/identity"
)

// records are what four sources recorded, as they export it. All people are made up.
const records = `
source,       record, day,        name,   phone,                  other
shop,         S-1001, 2026-01-05, 李 娜,  139-1234-5670,          member M1024
mini-program, W-3001, 2026-01-06, ,       ,                       unionid oQ7lina
app,          A-2001, 2026-01-09, ,       +86 13912345670,        account 51; unionid oQ7lina
shop,         S-1002, 2026-01-12, 刘洋,   135 1234 5674,          
app,          A-2002, 2026-01-15, ,       13512345674,            account 52
shop,         S-1003, 2026-01-18, 王强,   (136) 1234-5675,        member M1025
call-centre,  C-4001, 2026-02-02, 李女士, １３９１２３４５６７０, 
shop,         S-1004, 2026-02-11, 李娜,   139****5670,            member M1024
shop,         S-1005, 2026-02-12, 无,     13800138000,            
mini-program, W-3002, 2026-02-14, ,       ,                       unionid oQ7sunli; email SunLi@mail.cn
call-centre,  C-4002, 2026-02-20, 陈静,   13612345675,            
call-centre,  C-4003, 2026-02-28, 孙丽,   1.37E+10,               email sunli＠mail.cn
mini-program, W-3003, 2026-03-01, 赵**,   13512345674,            unionid oQ7zhaomin
mini-program, W-3004, 2026-03-09, ,       ,                       unionid oQ7zhaomin
call-centre,  C-4004, 2026-03-15, 赵女士, 135-1234-5674,          
`

// proofs say how sure each source is: the app and the mini-program know who is logged in
// and send codes to numbers; the others write down what they are told.
var proofs = map[string]identity.Proof{
	"shop": identity.Attested, "call-centre": identity.Claimed, "app": identity.Verified, "mini-program": identity.Verified,
}

// read returns the records as observations.
func read() (all []identity.Observation, err error) {
	r := csv.NewReader(strings.NewReader(records))
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		at, err := time.Parse(time.DateOnly, row[2])
		if err != nil {
			return nil, err
		}
		o := identity.Observation{ID: row[1], Source: row[0], Record: row[1], Time: at}
		fields := "name " + row[3] + "; phone " + row[4] + "; " + row[5]
		for field := range strings.SplitSeq(fields, ";") {
			typ, value, _ := strings.Cut(strings.TrimSpace(field), " ")
			if value != "" {
				o.Identifiers = append(o.Identifiers, identity.Identifier{Type: typ, Value: value, Proof: proofs[o.Source]})
			}
		}
		if len(o.Identifiers) == 0 {
			return nil, fmt.Errorf("record %s says nothing", o.Record)
		}
		all = append(all, o)
	}
	return all, nil
}
