package access

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
	"github.com/clientele-go/clientele/subject"
)

func TestInspect(t *testing.T) {
	ctx := context.Background()
	w, _ := exporting(t)
	g, one := w.gate, customer.FromInt64(1)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	_, err := g.View(ctx, at(1), agent, one, profile.Moment{})
	require.NoError(t, err)
	_, err = g.View(ctx, at(2), manager, one, profile.Moment{})
	require.NoError(t, err)
	_, err = g.View(ctx, at(3), agent, customer.FromInt64(2), profile.Moment{})
	require.NoError(t, err)
	_, err = g.Find(ctx, at(4), agent, "phone", customer.TextValue("+8613912345670"))
	require.NoError(t, err)
	_, err = g.Find(ctx, at(5), agent, "illness", customer.TextValue("planted asthma"))
	require.ErrorIs(t, err, ErrDenied)
	done, err := g.Export(ctx, at(6), manager, all("phone", "city"), new(bytes.Buffer))
	require.NoError(t, err)
	w.agree(atomOf(10), "1", noon, consent.Granted)
	refused, err := g.Export(ctx, at(7), agent, all("city"), new(bytes.Buffer))
	require.ErrorIs(t, err, ErrDenied)
	require.Nil(t, refused)
	require.NoError(t, w.log.Append(ctx, &audit.Entry{Time: noon, Actor: "x", Action: "consent.withdraw"}, &audit.Entry{Time: noon, Actor: "x", Action: "access.door"}))
	subjects, err := subject.Open(w.data, subject.Parts{Profiles: w.profiles, Log: w.log}, nil)
	require.NoError(t, err)
	for range 2 { // all of a customer, in plain
		_, err = subjects.Export(ctx, at(8), subject.Request{Customer: one, Actor: "emp-1"}, io.Discard)
		require.NoError(t, err)
	}
	require.NoError(t, w.log.Append(ctx, &audit.Entry{Time: at(9), Actor: "x", Action: "door.open", Outcome: audit.Denied}))
	w.entries()

	in, err := g.Inspect(ctx, noon, at(60))
	require.NoError(t, err)
	require.Equal(t, []Deed{
		{Actor: "emp-1", Purpose: "access", Others: map[string]int64{"subject.export": 2}, Last: at(8)},
		{
			Actor: "emp-1", Role: "manager", Purpose: "service", Views: 1, Exports: 1, Rows: 3, Last: at(6),
			Plain: map[string]int64{"birthday": 1, "favourite": 1, "illness": 1, "name": 1, "phone": 1},
		},
		{
			Actor: "emp-7", Role: "agent", Purpose: "service", Views: 2, Finds: 1, Denied: 2, Last: at(7),
			Masked: map[string]int64{"birthday": 2, "favourite": 2, "name": 2, "phone": 2},
		},
		{Actor: "x", Others: map[string]int64{"consent.withdraw": 1, "access.door": 1}, Denied: 1, Last: at(9)},
	}, in.Deeds)
	require.Len(t, in.Exports, 2)
	require.Equal(t, ExportDeed{
		ID: done.Request.ID, Actor: "emp-1", Role: "manager", Purpose: "service", At: at(6), Scope: "everybody",
		Plain: []string{"city", "phone"}, Approver: "boss-1", Approval: "A-17", State: Written, Rows: 3, Commitment: done.Commitment,
	}, in.Exports[0])
	require.Equal(t, Refused, in.Exports[1].State)

	require.Len(t, in.Rights, 4)
	r := in.Rights[0]
	require.Equal(t, "客服", r.Label.ZH)
	require.Equal(t, consent.Contract, r.Purpose.Basis)
	require.Equal(t, []string{"phone"}, r.Find)
	require.Equal(t, Column{Name: "phone", Label: customer.Text{EN: "Phone", ZH: "电话"}, Sensitivity: profile.Personal, Show: Masked, Mask: Phone}, r.Columns[1])
	require.Equal(t, Column{Name: "illness", Sensitivity: profile.Sensitive}, r.Columns[2])
	require.Len(t, r.Columns, 9)
	require.True(t, in.Rights[3].Bulk)
	require.Equal(t, "offers", in.Rights[3].Purpose.Consent)

	// A part of the time.
	part, err := g.Inspect(ctx, at(2), at(4))
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{part.Deeds[0].Views, part.Deeds[1].Views})
	require.Empty(t, part.Exports)

	// No values, in any form.
	data, err := json.Marshal(in)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, in.WriteText(&text))
	var log, raw bytes.Buffer
	require.NoError(t, w.log.Export(ctx, &log))
	for e, err := range w.store.Scan(ctx, store.Range{}) {
		require.NoError(t, err)
		raw.Write(e.Key)
		raw.Write(e.Value)
	}
	require.Contains(t, raw.String(), "emp-7")
	for _, s := range []string{string(data), text.String(), log.String(), raw.String()} {
		for _, secret := range []string{"planted", "13912345670", "欧阳", "广州"} {
			require.NotContains(t, s, secret)
		}
	}
	var back Inspection
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, in, &back)
}

func TestInspectionText(t *testing.T) {
	in := &Inspection{
		Since: noon, Schema: 3,
		Rights: []Right{{
			Role: "agent", Label: customer.Text{EN: "Agent", ZH: "客服"}, Purpose: Purpose{Name: "service", Basis: consent.Contract}, Find: []string{"phone"},
			Columns: []Column{
				{Name: "phone", Label: customer.Text{ZH: "电话"}, Sensitivity: profile.Personal, Show: Masked, Mask: Phone},
				{Name: "city", Show: Plain},
				{Name: "ill\u202eness", Sensitivity: profile.Sensitive},
			},
		}},
		Deeds: []Deed{{Actor: "emp-7", Role: "agent", Purpose: "service", Views: 2, Finds: 10, Last: noon, Masked: map[string]int64{"phone": 2}, Others: map[string]int64{"subject.export": 1}}},
		Exports: []ExportDeed{{
			ID: "00ff", Actor: "emp-7", Purpose: "service", At: noon, Scope: "广州 VIP", Plain: []string{"city"}, Masked: []string{"phone"},
			Approver: "boss", Approval: "A-1", State: Written, Rows: 12,
		}},
	}
	var out bytes.Buffer
	require.NoError(t, in.WriteText(&out))
	require.Equal(t, `Who may see what, schema 3 权限

Role 角色: agent (Agent, 客服)
Purpose 目的: service
Basis 依据: contract
Find by 查找: phone
Export 导出: -
FIELD 字段       SENSITIVITY 敏感级  SHOWN 展示     MASK 脱敏
phone (电话)     personal            masked 脱敏    phone 电话
city             public              plain 明文     -
"ill\u202eness"  sensitive           denied 不可见  -

Who did, from 2026-03-10T12:00:00Z to - 访问记录

ACTOR 人员  ROLE 角色  PURPOSE 目的  VIEWS 查看  FINDS 查找  EXPORTS 导出  ROWS 行数  DENIED 拒绝  LAST 最近
emp-7       agent      service       2           10          0             0          0            2026-03-10 12:00Z

ACTOR 人员  ROLE 角色  PURPOSE 目的  FIELD 字段  PLAIN 明文  MASKED 脱敏
emp-7       agent      service       phone       0           2

ACTOR 人员  ROLE 角色  PURPOSE 目的  ACTION 操作     TIMES 次数
emp-7       agent      service       subject.export  1

EXPORT 导出  TIME 时间          ACTOR 人员  PURPOSE 目的  SCOPE 范围  COLUMNS 字段        APPROVER 审批人  STATE 状态      ROWS 行数
00ff         2026-03-10 12:00Z  emp-7       service       广州 VIP    city, phone:masked  boss (A-1)       written 已导出  12
`, out.String())
	require.ErrorIs(t, in.WriteText(&failing{}), errFlaky)
}

func TestInspectUnaudited(t *testing.T) {
	w := newWorld(t, shopSchema())
	g, err := Open(context.Background(), w.profiles, shopPolicy(), &Options{Consents: w.consents, Unaudited: true})
	require.NoError(t, err)
	id := w.person(1)
	w.sync()
	_, err = g.View(context.Background(), noon, agent, id, profile.Moment{})
	require.NoError(t, err)
	in, err := g.Inspect(context.Background(), time.Time{}, time.Time{})
	require.NoError(t, err)
	require.True(t, in.Unaudited)
	var out bytes.Buffer
	require.NoError(t, in.WriteText(&out))
	require.Contains(t, out.String(), "there is no log")
	data, err := json.Marshal(in)
	require.NoError(t, err)
	require.Contains(t, string(data), `"deeds":[],"exports":[]`)
}
