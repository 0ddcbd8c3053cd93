package access_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/clientele-go/clientele/access"
	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// A service agent and a marketer look at the same customer, before and after a withdrawal.
func Example() {
	ctx := context.Background()
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

	// A customer of the shop, who agrees to offers.
	s := new(store.Memory)
	who, err := identity.Open(ctx, s, nil, nil)
	check(err)
	profiles, err := profile.Open(ctx, s, &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "name", Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "phone", Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "city", Kind: customer.KindText},
		},
	}, nil)
	check(err)
	r, err := who.Observe(ctx, identity.Observation{
		ID: "1", Source: "shop", Record: "M1024", Time: now,
		Identifiers: []identity.Identifier{{Type: "phone", Value: "13912345670", Proof: identity.Verified}},
	})
	check(err)
	_, err = profiles.Add(ctx, now, profile.Evidence{Atom: r.Atom, ID: "1", Source: "shop", Time: now, Values: []customer.Field{
		{Name: "name", Value: customer.TextValue("欧阳娜娜")},
		{Name: "phone", Value: customer.TextValue("+8613912345670")},
		{Name: "city", Value: customer.TextValue("广州")},
	}})
	check(err)
	_, err = profiles.Sync(ctx, now, who)
	check(err)
	consents, err := consent.Open(s, &consent.Policy{Purposes: []consent.Purpose{
		{Name: "offers", Bases: []consent.Basis{consent.Consent}},
	}}, profiles.Members, nil)
	check(err)
	err = consents.Record(ctx, now, consent.Record{
		ID: "form 17", Atom: r.Atom, Purpose: "offers", Basis: consent.Consent, Choice: consent.Granted, Collected: now,
	})
	check(err)
	log, err := audit.Open(s, nil)
	check(err)

	// Who may see what, for which purpose.
	gate, err := access.Open(ctx, profiles, &access.Policy{
		Purposes: []access.Purpose{
			{Name: "service", Basis: consent.Contract},
			{Name: "marketing", Consent: "offers"},
		},
		Roles: []access.Role{
			{Name: "agent", Grants: []access.Grant{{
				Purpose: "service",
				Show:    access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked},
			}}},
			{Name: "marketer", Grants: []access.Grant{{
				Purpose: "marketing",
				Show:    access.Levels{Public: access.Plain, Internal: access.Plain},
			}}},
		},
		Masks: map[string]access.Mask{"name": access.Name, "phone": access.Phone},
	}, &access.Options{Log: log, Consents: consents})
	check(err)

	// What is shown plain has a value; of all else there is an error that says why not.
	show := func(reader access.Reader) {
		now = now.Add(time.Minute)
		v, err := gate.View(ctx, now, reader, r.Customer, profile.Moment{})
		if errors.Is(err, access.ErrDenied) {
			fmt.Println(reader.Actor, "sees nothing for", reader.Purpose)
			return
		}
		check(err)
		for i := range v.Fields {
			f := &v.Fields[i]
			value, err := f.Value()
			switch {
			case err == nil:
				text, _ := value.Text()
				fmt.Println(reader.Actor, "sees", f.Name, text)
			case errors.Is(err, access.ErrMasked):
				masked, _ := f.Masked()
				fmt.Println(reader.Actor, "sees", f.Name, masked.Text)
			default:
				fmt.Println(reader.Actor, "does not see", f.Name+":", f.Reason, f.Reason.Chinese())
			}
		}
	}
	show(access.Reader{Actor: "emp-7", Role: "agent", Purpose: "service", Ticket: "case 1024"})
	show(access.Reader{Actor: "emp-9", Role: "marketer", Purpose: "marketing"})
	show(access.Reader{Actor: "emp-9", Role: "marketer", Purpose: "service"})

	// The customer withdraws the consent.
	now = now.Add(time.Hour)
	err = consents.Record(ctx, now, consent.Record{ID: "settings 3", Atom: r.Atom, Choice: consent.Withdrawn, Collected: now})
	check(err)
	show(access.Reader{Actor: "emp-9", Role: "marketer", Purpose: "marketing"})

	// Who looked: what is Public needs no entry.
	_, _, err = log.Seal(ctx, now)
	check(err)
	for e, err := range log.Entries(ctx, nil) {
		check(err)
		fmt.Println("log:", e.Actor, e.Action, e.Purpose, e.Outcome, e.Details)
	}
	// Output:
	// emp-7 sees name 欧阳**
	// emp-7 sees phone +86139****5670
	// emp-7 sees city 广州
	// emp-9 does not see name: no grant 无权限
	// emp-9 does not see phone: no grant 无权限
	// emp-9 sees city 广州
	// emp-9 sees nothing for service
	// emp-9 does not see name: no grant 无权限
	// emp-9 does not see phone: no grant 无权限
	// emp-9 does not see city: no consent 未获授权同意
	// log: emp-7 access.view service done [{role agent} {ticket case 1024} {masked name, phone}]
	// log: emp-9 access.view service denied [{role marketer} {reason no grant}]
}

// decisions are what the data officer has decided, by ticket.
type decisions map[string]access.Approval

// Approve returns the decision about a request. One that asks for more rows than usual is refused.
func (d decisions) Approve(_ context.Context, r *access.Request) (access.Approval, error) {
	a, ok := d[r.Reader.Ticket]
	if !ok || r.Limit > 1000 {
		return access.Approval{}, fmt.Errorf("%w: nobody has decided about it", access.ErrDenied)
	}
	return a, nil
}

// A list of customers leaves the house: somebody else approves it, and an auditor sees who has had it.
func ExampleGate_Export() {
	ctx := context.Background()
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	s := new(store.Memory)
	profiles, err := profile.Open(ctx, s, &profile.Schema{
		Location: "Asia/Shanghai",
		Sources:  []profile.Source{{Name: "shop"}},
		Traits: []profile.Trait{
			{Name: "phone", Label: customer.Text{ZH: "电话"}, Kind: customer.KindText, Sensitivity: profile.Personal},
			{Name: "city", Label: customer.Text{ZH: "城市"}, Kind: customer.KindText},
		},
	}, nil)
	check(err)
	who, err := identity.Open(ctx, s, nil, nil)
	check(err)
	for i, one := range [][2]string{{"+8613912345670", "广州"}, {"+8613800138000", "广州"}, {"+8615012345678", "深圳"}} {
		id := fmt.Sprint(i)
		r, err := who.Observe(ctx, identity.Observation{ID: id, Source: "shop", Record: "M" + id, Time: now})
		check(err)
		_, err = profiles.Add(ctx, now, profile.Evidence{Atom: r.Atom, ID: id, Source: "shop", Time: now, Values: []customer.Field{
			{Name: "phone", Value: customer.TextValue(one[0])}, {Name: "city", Value: customer.TextValue(one[1])},
		}})
		check(err)
	}
	_, err = profiles.Sync(ctx, now, who)
	check(err)
	log, err := audit.Open(s, nil)
	check(err)

	gate, err := access.Open(ctx, profiles, &access.Policy{
		Purposes: []access.Purpose{{Name: "recall", Label: customer.Text{ZH: "产品召回"}, Basis: consent.LegalDuty}},
		Roles: []access.Role{{Name: "agent", Label: customer.Text{ZH: "客服"}, Grants: []access.Grant{{
			Purpose: "recall", Show: access.Levels{Public: access.Plain, Internal: access.Plain, Personal: access.Masked}, Bulk: true,
		}}}},
		Masks: map[string]access.Mask{"phone": access.Phone},
	}, &access.Options{Log: log, Approver: decisions{"recall 17": {By: "officer-2", ID: "D-88"}}})
	check(err)

	var file bytes.Buffer
	reader := access.Reader{Actor: "emp-7", Role: "agent", Purpose: "recall", Ticket: "recall 17"}
	done, err := gate.Export(ctx, now, reader, access.Selection{
		Names: []string{"city", "phone"},
		Rows: access.Scope{Name: "customers in 广州", Has: func(v *access.View) bool {
			city, err := v.Value("city")
			return err == nil && city == customer.TextValue("广州")
		}},
		Limit: 100,
	}, &file)
	check(err)
	for line := range strings.Lines(file.String()) {
		_, columns, _ := strings.Cut(line, ",") // but for the ids of the customers
		fmt.Print(columns)
	}
	fmt.Println(done.Rows, "rows, approved by", done.Approval.By)

	// Without a decision nothing leaves.
	reader.Ticket = ""
	_, err = gate.Export(ctx, now.Add(time.Minute), reader, access.Selection{
		Names: []string{"phone"}, Rows: access.Scope{Name: "all customers", Has: access.Everyone}, Limit: 1e6,
	}, &file)
	fmt.Println(err)

	_, _, err = log.Seal(ctx, now)
	check(err)
	in, err := gate.Inspect(ctx, now.AddDate(0, 0, -1), now.AddDate(0, 0, 1))
	check(err)
	for i := range in.Exports { // whose ids are drawn by chance
		in.Exports[i].ID = fmt.Sprint(in.Exports[i].State)
	}
	check(in.WriteText(os.Stdout))
	// Output:
	// city,phone:masked
	// 广州,'+86138****8000
	// 广州,'+86139****5670
	// 2 rows, approved by officer-2
	// access: denied: nobody has decided about it
	// Who may see what, schema 1 权限
	//
	// Role 角色: agent (客服)
	// Purpose 目的: recall (产品召回)
	// Basis 依据: legal duty
	// Find by 查找: -
	// Export 导出: with approval 需审批
	// FIELD 字段    SENSITIVITY 敏感级  SHOWN 展示   MASK 脱敏
	// phone (电话)  personal            masked 脱敏  phone 电话
	// city (城市)   public              plain 明文   -
	//
	// Who did, from 2026-03-09T09:00:00Z to 2026-03-11T09:00:00Z 访问记录
	//
	// ACTOR 人员  ROLE 角色  PURPOSE 目的  VIEWS 查看  FINDS 查找  EXPORTS 导出  ROWS 行数  DENIED 拒绝  LAST 最近
	// emp-7       agent      recall        0           0           1             2          1            2026-03-10 09:01Z
	//
	// EXPORT 导出  TIME 时间          ACTOR 人员  PURPOSE 目的  SCOPE 范围         COLUMNS 字段        APPROVER 审批人   STATE 状态      ROWS 行数
	// written      2026-03-10 09:00Z  emp-7       recall        customers in 广州  city, phone:masked  officer-2 (D-88)  written 已导出  2
	// refused      2026-03-10 09:01Z  emp-7       recall        all customers      phone:masked        -                 refused 已拒绝  0
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
