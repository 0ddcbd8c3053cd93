package access

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// An approving approves as it says. Safe for concurrent use.
type approving struct {
	mu    sync.Mutex
	asked []*Request
	a     Approval
	err   error
	then  func()
}

func (a *approving) Approve(_ context.Context, r *Request) (Approval, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r)
	if a.then != nil {
		a.then()
	}
	return a.a, a.err
}

// exporting is a world of three people whose approver says yes.
func exporting(t testing.TB) (*world, *approving) {
	w := newWorld(t, shopSchema())
	for n := range 3 {
		w.person(n + 1)
	}
	w.sync()
	yes := &approving{a: Approval{By: "boss-1", ID: "A-17"}}
	w.approver = yes
	w.open(shopPolicy())
	return w, yes
}

func all(columns ...string) Selection {
	return Selection{Names: columns, Rows: Scope{Name: "everybody", Has: Everyone}, Limit: 100}
}

// commitment is what the log has of a file.
func commitment(x *Exported, file []byte) []byte {
	h := hmac.New(sha256.New, x.Salt)
	h.Write(file)
	return h.Sum(nil)
}

func TestExport(t *testing.T) {
	ctx := context.Background()
	w, yes := exporting(t)
	var out bytes.Buffer
	what := all("name", "city", "orders")
	what.Rows = Scope{Name: "customers 2 and 3", Has: func(v *View) bool {
		city, err := v.Value("city")
		return err == nil && city == customer.TextValue("广州") && v.Customer != customer.FromInt64(1)
	}}
	done, err := w.gate.Export(ctx, noon, manager, what, &out)
	require.NoError(t, err)
	require.Equal(t, "customer,name,city,orders\n"+
		customer.FromInt64(2).String()+",欧阳娜娜,广州,1\n"+
		customer.FromInt64(3).String()+",欧阳娜娜,广州,1\n", out.String())
	require.Len(t, done.Salt, 32)
	require.Equal(t, &Exported{
		Request: Request{
			ID: done.Request.ID, At: noon, Reader: manager, Scope: "customers 2 and 3", Limit: 100,
			Columns: []Column{
				{Name: "name", Label: customer.Text{EN: "Name", ZH: "姓名"}, Sensitivity: profile.Personal, Show: Plain},
				{Name: "city", Show: Plain},
				{Name: "orders", Show: Plain},
			},
		},
		Approval: Approval{By: "boss-1", ID: "A-17"}, Rows: 2, Bytes: int64(out.Len()), Commitment: commitment(done, out.Bytes()), Salt: done.Salt,
	}, done)
	require.Len(t, yes.asked, 1)
	require.Equal(t, &done.Request, yes.asked[0])

	entries := w.entries()
	require.Len(t, entries, 5)
	entries = slices.DeleteFunc(entries, func(e audit.Sealed) bool { return e.Action == ActionExported })
	require.Len(t, entries, 3)
	found := map[string]map[string]string{}
	for _, e := range entries {
		require.Equal(t, audit.Done, e.Outcome)
		require.Equal(t, done.Request.ID, e.Object)
		require.Equal(t, "emp-1", e.Actor)
		found[e.Action] = map[string]string{}
		for _, d := range e.Details {
			found[e.Action][d.Name] = d.Text
		}
	}
	require.Equal(t, map[string]map[string]string{
		ActionAsk:     {"role": "manager", "scope": "customers 2 and 3", "format": "csv", "limit": "100", "plain": "name, city, orders"},
		ActionApprove: {"role": "manager", "approver": "boss-1", "approval": "A-17"},
		ActionExport:  {"role": "manager", "rows": "2", "bytes": fmt.Sprint(out.Len())},
	}, found)
	for _, e := range entries {
		if e.Action == ActionExport {
			require.Equal(t, []audit.Commitment{{Name: "file", Sum: done.Commitment}}, e.Commitments)
		} else {
			require.Empty(t, e.Commitments)
		}
	}
	// The same again has another commitment.
	again, err := w.gate.Export(ctx, noon, manager, what, new(bytes.Buffer))
	require.NoError(t, err)
	require.Equal(t, done.Bytes, again.Bytes)
	require.NotEqual(t, done.Salt, again.Salt)
	require.NotEqual(t, done.Commitment, again.Commitment)
	data, err := json.Marshal(done)
	require.NoError(t, err)
	var back Exported
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, done, &back)
}

// The log says of whom an export has personal fields, and what of them was withheld, before it is written.
func TestExportOfWhom(t *testing.T) {
	ctx := context.Background()
	w, _ := exporting(t)
	done, err := w.gate.Export(ctx, noon, manager, all("phone", "city"), new(bytes.Buffer))
	require.NoError(t, err)
	_, err = w.gate.Export(ctx, noon, manager, all("city", "orders"), new(bytes.Buffer)) // nothing that is personal
	require.NoError(t, err)
	w.agree(atomOf(20), "1", noon, consent.Granted)
	offered, err := w.gate.Export(ctx, noon, offering, all("name", "city"), new(bytes.Buffer))
	require.NoError(t, err)
	w.entries()
	about := map[string]*audit.Entry{}
	for e, err := range w.log.Entries(ctx, &audit.Query{Customer: customer.FromInt64(2)}) {
		require.NoError(t, err)
		require.Equal(t, ActionExported, e.Action)
		require.Equal(t, audit.Done, e.Outcome)
		require.Nil(t, about[e.Object])
		about[e.Object] = &e.Entry
	}
	require.Len(t, about, 2)
	require.Equal(t, "emp-1", about[done.Request.ID].Actor)
	require.Equal(t, []audit.Detail{{Name: "role", Text: "manager"}}, about[done.Request.ID].Details)
	require.Contains(t, about[offered.Request.ID].Details, audit.Detail{Name: "withheld", Text: "city"})

	// Where the log takes no more nothing is written of whom it does not have.
	var out bytes.Buffer
	w.approver.(*approving).then = func() { w.store.fail(1, errFlaky, false) }
	_, err = w.gate.Export(ctx, noon, manager, all("phone"), &out)
	require.Error(t, err)
	require.Empty(t, out.String())
}

func TestExportMasked(t *testing.T) {
	ctx := context.Background()
	w, _ := exporting(t)
	p := shopPolicy()
	p.Roles[0].Grants[0].Bulk = true
	w.open(p)
	var out bytes.Buffer
	what := all("phone", "city", "birthday")
	what.Rows.Has = func(v *View) bool { return v.Customer == customer.FromInt64(1) }
	_, err := w.gate.Export(ctx, noon, agent, what, &out)
	require.NoError(t, err)
	require.Equal(t, "customer,phone:masked,city,birthday:masked\n"+customer.FromInt64(1).String()+",'+86139****5670,广州,\n", out.String())
	out.Reset()
	what.Format = JSON
	_, err = w.gate.Export(ctx, noon, agent, what, &out)
	require.NoError(t, err)
	require.Equal(t, `{"customer":"`+customer.FromInt64(1).String()+`","values":{"city":"广州"},"masked":{"phone":"+86139****5670"}}`+"\n", out.String())
}

func TestExportConsent(t *testing.T) {
	ctx := context.Background()
	w, _ := exporting(t)
	w.agree(atomOf(10), "1", noon, consent.Granted)
	w.agree(atomOf(20), "1", noon, consent.Granted)
	w.agree(atomOf(21), "1", noon, consent.Granted)
	var out bytes.Buffer
	done, err := w.gate.Export(ctx, noon, offering, all("name", "city", "orders", "resolved"), &out)
	require.NoError(t, err)
	require.Equal(t, "customer,name,city,orders,resolved,withheld\n"+
		customer.FromInt64(1).String()+",欧阳娜娜,,,,city|orders|resolved\n"+
		customer.FromInt64(2).String()+",欧阳娜娜,广州,1,0,\n", out.String())
	require.Equal(t, int64(2), done.Rows)
	require.Equal(t, int64(1), done.Withheld)
	out.Reset()
	what := all("name", "city", "orders")
	what.Format = JSON
	_, err = w.gate.Export(ctx, noon, offering, what, &out)
	require.NoError(t, err)
	require.Equal(t, `{"customer":"`+customer.FromInt64(1).String()+`","values":{"name":"欧阳娜娜"},"withheld":["city","orders"]}`+"\n"+
		`{"customer":"`+customer.FromInt64(2).String()+`","values":{"name":"欧阳娜娜","city":"广州","orders":1}}`+"\n", out.String())
	// For a contract nobody is asked.
	out.Reset()
	done, err = w.gate.Export(ctx, noon, manager, all("city"), &out)
	require.NoError(t, err)
	require.Equal(t, int64(3), done.Rows)
}

func TestExportLimit(t *testing.T) {
	ctx := context.Background()
	w, _ := exporting(t)
	what := all("city")
	what.Limit = 2
	var out bytes.Buffer
	done, err := w.gate.Export(ctx, noon, manager, what, &out)
	require.ErrorIs(t, err, ErrLimit)
	require.Equal(t, int64(2), done.Rows)
	require.Equal(t, int64(out.Len()), done.Bytes)
	require.Equal(t, 3, strings.Count(out.String(), "\n"))
	in, err := w.inspect()
	require.NoError(t, err)
	require.Equal(t, Abandoned, in.Exports[0].State)
	what.Limit = 3
	_, err = w.gate.Export(ctx, noon, manager, what, &out)
	require.NoError(t, err)
}

func (w *world) inspect() (*Inspection, error) {
	w.entries()
	return w.gate.Inspect(context.Background(), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1))
}

// Nothing is written that nobody else has approved, and each refusal is in the log.
func TestExportDenied(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		name  string
		by    Reader
		names []string
		a     Approval
		err   error
		asked int
		want  error
	}{
		{"no bulk", agent, []string{"city"}, Approval{By: "boss", ID: "1"}, nil, 0, ErrDenied},
		{"no grant", Reader{Actor: "x", Role: "agent", Purpose: "marketing"}, []string{"city"}, Approval{By: "boss", ID: "1"}, nil, 0, ErrDenied},
		{"no role", Reader{Actor: "x", Role: "root", Purpose: "marketing"}, []string{"city"}, Approval{By: "boss", ID: "1"}, nil, 0, ErrDenied},
		{"denied column", marketer, []string{"city", "name"}, Approval{By: "boss", ID: "1"}, nil, 0, ErrDenied},
		{"denied by exception", marketer, []string{"city", "interests"}, Approval{By: "boss", ID: "1"}, nil, 0, ErrDenied},
		{"refused", manager, []string{"city"}, Approval{By: "boss", ID: "1"}, fmt.Errorf("%w: not today", ErrDenied), 1, ErrDenied},
		{"failed", manager, []string{"city"}, Approval{By: "boss", ID: "1"}, errFlaky, 1, errFlaky},
		{"by nobody", manager, []string{"city"}, Approval{By: "", ID: "1"}, nil, 1, ErrDenied},
		{"without id", manager, []string{"city"}, Approval{By: "boss", ID: ""}, nil, 1, ErrDenied},
		{"invalid", manager, []string{"city"}, Approval{By: "boss\n", ID: "1"}, nil, 1, ErrDenied},
		{"by the reader", manager, []string{"city"}, Approval{By: "emp-1", ID: "1"}, nil, 1, ErrDenied},
		{"by the reader in other letters", manager, []string{"city"}, Approval{By: " EMP-1", ID: "1"}, nil, 1, ErrDenied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w, yes := exporting(t)
			yes.a, yes.err = test.a, test.err
			var out bytes.Buffer
			done, err := w.gate.Export(ctx, noon, test.by, all(test.names...), &out)
			require.ErrorIs(t, err, test.want)
			require.Nil(t, done)
			require.Zero(t, out.Len())
			require.Len(t, yes.asked, test.asked)
			entries := w.entries()
			require.Len(t, entries, 1+test.asked)
			refused := 0
			for _, e := range entries {
				if e.Outcome != audit.Done {
					refused++
				}
			}
			require.Equal(t, 1, refused)
			in, err := w.inspect()
			require.NoError(t, err)
			require.Equal(t, Refused, in.Exports[0].State)
			if test.want == ErrDenied {
				require.Equal(t, int64(1), in.Deeds[0].Denied)
			}
		})
	}
	t.Run("no approver", func(t *testing.T) {
		w, _ := exporting(t)
		w.approver = nil
		w.open(shopPolicy())
		_, err := w.gate.Export(ctx, noon, manager, all("city"), new(bytes.Buffer))
		require.ErrorIs(t, err, ErrDenied)
		require.Len(t, w.entries(), 1)
	})
}

func TestExportInput(t *testing.T) {
	w, yes := exporting(t)
	for name, change := range map[string]func(*Selection){
		"no names":    func(s *Selection) { s.Names = nil },
		"unknown":     func(s *Selection) { s.Names = []string{"city", "fone"} },
		"twice":       func(s *Selection) { s.Names = []string{"city", "city"} },
		"no scope":    func(s *Selection) { s.Rows.Has = nil },
		"unnamed":     func(s *Selection) { s.Rows.Name = "" },
		"lines":       func(s *Selection) { s.Rows.Name = "a\nb" },
		"no limit":    func(s *Selection) { s.Limit = 0 },
		"negative":    func(s *Selection) { s.Limit = -1 },
		"format":      func(s *Selection) { s.Format = 7 },
		"many names":  func(s *Selection) { s.Names = make([]string, 1001) },
		"nothing set": func(s *Selection) { *s = Selection{} },
	} {
		what := all("city")
		change(&what)
		var out bytes.Buffer
		done, err := w.gate.Export(context.Background(), noon, manager, what, &out)
		require.ErrorIs(t, err, ErrInput, name)
		require.Nil(t, done, name)
		require.Zero(t, out.Len(), name)
	}
	_, err := w.gate.Export(context.Background(), noon, manager, all("city"), nil)
	require.ErrorIs(t, err, ErrInput)
	require.Empty(t, yes.asked)
	require.Empty(t, w.entries())
}

// Columns of which two would have one name are refused.
func TestExportColumnNames(t *testing.T) {
	schema := shopSchema()
	schema.Traits = append(schema.Traits, profile.Trait{Name: "withheld", Kind: customer.KindText}, profile.Trait{Name: "phone:masked", Kind: customer.KindText})
	w := newWorld(t, schema)
	w.approver = &approving{a: Approval{By: "boss-1", ID: "A-17"}}
	w.open(shopPolicy())
	for _, names := range [][]string{{"withheld"}, {"phone", "phone:masked"}} {
		_, err := w.gate.Export(context.Background(), noon, marketer, all(names...), new(bytes.Buffer))
		require.ErrorIs(t, err, ErrInput)
	}
	_, err := w.gate.Export(context.Background(), noon, manager, all("withheld", "phone", "phone:masked"), new(bytes.Buffer))
	require.NoError(t, err)
}

// The log fails at each of its commits in turn: nothing is written before the approval is in it.
func TestExportNeedsLog(t *testing.T) {
	for _, fault := range []error{errFlaky, store.ErrUnknownOutcome} {
		for commits := range 3 {
			for _, taken := range []bool{false, true} {
				w, yes := exporting(t)
				w.store.fail(commits, fault, taken)
				var out bytes.Buffer
				done, err := w.gate.Export(context.Background(), noon, manager, all("city"), &out)
				require.ErrorIs(t, err, fault)
				if commits == 0 {
					require.Empty(t, yes.asked)
				}
				if commits < 2 {
					require.Zero(t, out.Len())
					require.Nil(t, done)
				} else {
					require.NotZero(t, out.Len())
					require.Equal(t, int64(3), done.Rows)
				}
				w.store.fail(-1, nil, false)
				in, err := w.inspect()
				require.NoError(t, err)
				switch n := commits + map[bool]int{true: 1}[taken]; n {
				case 0:
					require.Empty(t, in.Exports)
				default:
					require.Equal(t, []ExportState{Asked, Approved, Written}[n-1], in.Exports[0].State)
				}
			}
		}
	}
}

// A failing writer is handed nothing after it fails.
type failing struct {
	bytes.Buffer
	most int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.Len()+len(p) > f.most {
		n, _ := f.Buffer.Write(p[:f.most-f.Len()])
		return n, errFlaky
	}
	return f.Buffer.Write(p)
}

func (f *failing) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

func TestExportWriterFails(t *testing.T) {
	w, _ := exporting(t)
	out := &failing{most: 60}
	done, err := w.gate.Export(context.Background(), noon, manager, all("city"), out)
	require.ErrorIs(t, err, errFlaky)
	require.Equal(t, int64(60), done.Bytes)
	require.Equal(t, commitment(done, out.Bytes()), done.Commitment)
	in, err := w.inspect()
	require.NoError(t, err)
	require.Equal(t, Abandoned, in.Exports[0].State)
}

// Where the caller gives up meanwhile the log tells of it.
func TestExportCancelled(t *testing.T) {
	w, yes := exporting(t)
	ctx, cancel := context.WithCancel(context.Background())
	what := all("city")
	what.Rows.Has = func(*View) bool { cancel(); return true }
	done, err := w.gate.Export(ctx, noon, offering, what, new(bytes.Buffer))
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, done)
	in, err := w.inspect()
	require.NoError(t, err)
	require.Equal(t, Abandoned, in.Exports[0].State)

	yes.err, yes.then = errors.New("gave up"), cancel
	_, err = w.gate.Export(ctx, noon.Add(1e9), offering, what, new(bytes.Buffer))
	require.Error(t, err)
}

// The schema of the approval is that of what is written.
func TestExportSchemaChanges(t *testing.T) {
	w, yes := exporting(t)
	yes.then = func() {
		schema := shopSchema()
		schema.Traits[3].Sensitivity = profile.Sensitive
		_, err := w.profiles.Apply(context.Background(), noon, schema)
		require.NoError(t, err)
	}
	var out bytes.Buffer
	_, err := w.gate.Export(context.Background(), noon, manager, all("city"), &out)
	require.ErrorIs(t, err, profile.ErrSchema)
	require.NotContains(t, out.String(), "广州")
}

// Who sees everything plain gets what package profile writes, byte for byte.
func TestExportIsThatOfProfile(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(3, 4))
	schema := &profile.Schema{Location: "UTC", Sources: []profile.Source{{Name: "shop"}}}
	var columns []string
	for k := customer.KindBool; k <= customer.KindLabels; k++ {
		name := []string{"", "=", "'", "-", ""}[r.IntN(5)] + k.String()
		columns = append(columns, name)
		schema.Traits = append(schema.Traits, profile.Trait{Name: name, Kind: k, Sensitivity: profile.Sensitivity(r.IntN(4))})
	}
	w := newWorld(t, schema)
	w.approver = &approving{a: Approval{By: "boss-1", ID: "A-17"}}
	word := func() string {
		return []string{"", "x", "=1+1", "＠a", "a,b", "a\"b", "a\nb", "\tx", "<b>&", "a|b", `a\b`, "李", "-1", "'", "\u2028"}[r.IntN(15)]
	}
	for n := range 300 {
		w.feed.created(customer.FromInt64(int64(n)), atomOf(n))
		var values []customer.Field
		for i, k := 0, customer.KindBool; k <= customer.KindLabels; i, k = i+1, k+1 {
			v := []customer.Value{
				customer.BoolValue(r.IntN(2) == 0), customer.Int64Value(r.Int64()), customer.Float64Value(r.NormFloat64()),
				customer.DecimalValue(r.Int64N(1e6)-5e5, r.IntN(19)), customer.TimeValue(noon.Add(-1 << r.IntN(50))), customer.TextValue(word()),
				customer.LabelsValue(word()+"l", word()+"m"),
			}[i]
			if r.IntN(4) > 0 {
				values = append(values, customer.Field{Name: columns[i], Value: v})
			}
		}
		w.state(atomOf(n), "1", values...)
	}
	w.sync()
	w.open(&Policy{
		Purposes: []Purpose{{Name: "service", Basis: consent.Contract}},
		Roles:    []Role{{Name: "manager", Grants: []Grant{{Purpose: "service", Show: Levels{Plain, Plain, Plain, Plain}, Bulk: true}}}},
	})
	r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	what := all(columns...)
	what.Limit = 1000
	for _, f := range []Format{CSV, JSON} {
		var want, got bytes.Buffer
		write := w.profiles.WriteCSV
		if f == JSON {
			write = w.profiles.WriteJSON
		}
		require.NoError(t, write(ctx, &want, profile.Moment{At: noon}, columns...))
		what.Format = f
		_, err := w.gate.Export(ctx, noon, manager, what, &got)
		require.NoError(t, err)
		require.Equal(t, want.String(), got.String())
		if f == CSV {
			records, err := csv.NewReader(&got).ReadAll()
			require.NoError(t, err)
			require.Len(t, records, 301)
		}
	}
}

// Who chooses the rows sees nothing Personal or Sensitive that is not in the log.
func TestExportScopeSees(t *testing.T) {
	w, yes := exporting(t)
	what := all("phone", "city")
	seen := map[string]bool{}
	what.Rows.Has = func(v *View) bool {
		for i := range v.Fields {
			if value, err := v.Fields[i].Value(); err == nil && !value.IsUnset() {
				seen[v.Fields[i].Name] = true
			}
			// Nor does it change what is written.
			v.Fields[i] = v.Fields[0]
		}
		v.Customer = customer.ID{}
		return true
	}
	var out bytes.Buffer
	_, err := w.gate.Export(context.Background(), noon, manager, what, &out)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"phone": true, "city": true, "interests": true, "orders": true, "resolved": true}, seen)
	require.Equal(t, 3, strings.Count(out.String(), ",'+8613912345670,广州\n"))
	require.Contains(t, out.String(), customer.FromInt64(1).String())
	require.Len(t, yes.asked, 1)
}

// The log does not have rows that were not written.
func TestExportRowsAreThoseWritten(t *testing.T) {
	w, _ := exporting(t)
	out := &failing{most: 60} // a header of 14 bytes and rows of 44
	done, err := w.gate.Export(context.Background(), noon, manager, all("city"), out)
	require.ErrorIs(t, err, errFlaky)
	require.Equal(t, int64(2), done.Rows)

	ctx, cancel := context.WithCancel(context.Background())
	what := all("city")
	what.Rows.Has = func(*View) bool { cancel(); return true }
	done, err = w.gate.Export(ctx, noon.Add(1e9), manager, what, new(bytes.Buffer))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, done.Bytes)
	require.Zero(t, done.Rows)
	in, err := w.inspect()
	require.NoError(t, err)
	require.Equal(t, []int64{2, 0}, []int64{in.Exports[0].Rows, in.Exports[1].Rows})
	require.Equal(t, int64(2), in.Deeds[0].Rows)
}

// Who is gone meanwhile has no row, and does not end the export of the others.
func TestExportOfWhoIsGone(t *testing.T) {
	for _, names := range [][]string{{"city"}, {"city", "resolved"}} {
		w, _ := exporting(t)
		gone := customer.FromInt64(2)
		consents, err := consent.Open(w.data, &consent.Policy{Purposes: []consent.Purpose{{Name: "offers", Bases: []consent.Basis{consent.Consent}}}},
			func(ctx context.Context, id customer.ID) ([]customer.Member, error) {
				if id == gone {
					return nil, profile.ErrUnknown
				}
				return w.profiles.Members(ctx, id)
			}, nil)
		require.NoError(t, err)
		w.consents = consents
		w.open(shopPolicy())
		for n := range 3 {
			for i := range 2 {
				w.agree(atomOf(10*n+10+i), "1", noon, consent.Granted)
			}
		}
		var out bytes.Buffer
		done, err := w.gate.Export(context.Background(), noon, offering, all(names...), &out)
		require.NoError(t, err)
		require.Equal(t, int64(2), done.Rows)
		require.Zero(t, done.Withheld)
		require.NotContains(t, out.String(), gone.String())
	}
}

// What an approver said is in the log also where the caller gives up meanwhile.
func TestExportApprovalIsKept(t *testing.T) {
	for _, refusal := range []error{nil, ErrDenied, errFlaky} {
		w, yes := exporting(t)
		ctx, cancel := context.WithCancel(context.Background())
		yes.err, yes.then = refusal, cancel
		var out bytes.Buffer
		_, err := w.gate.Export(ctx, noon, manager, all("city"), &out)
		require.Error(t, err)
		require.Zero(t, out.Len())
		in, err := w.inspect()
		require.NoError(t, err)
		want := Refused
		if refusal == nil {
			want = Abandoned
			require.Equal(t, "boss-1", in.Exports[0].Approver)
		}
		require.Equal(t, want, in.Exports[0].State)
	}
}

// Who waits for an answer hears of what customers withdraw meanwhile.
func TestExportIsAsOfTheApproval(t *testing.T) {
	w, yes := exporting(t)
	for n := range 3 {
		w.agree(atomOf(10*n+11), "1", noon.AddDate(0, 0, -1), consent.Granted)
	}
	later := noon.Add(48 * time.Hour)
	yes.then = func() { w.agree(atomOf(21), "2", noon.Add(24*time.Hour), consent.Withdrawn) }
	for at, want := range map[time.Time]int64{later: 2, noon.AddDate(0, 0, -1): 3, {}: 3} {
		yes.a.At = at
		var out bytes.Buffer
		done, err := w.gate.Export(context.Background(), noon, offering, all("city"), &out)
		require.NoError(t, err)
		require.Equal(t, want, done.Rows, at)
		require.Equal(t, at, done.Approval.At)
		yes.then = nil
	}
	w.entries()
	in, err := w.gate.Inspect(context.Background(), later, time.Time{})
	require.NoError(t, err)
	require.Len(t, in.Exports, 1)
	require.Equal(t, Written, in.Exports[0].State)
	require.Equal(t, later, in.Deeds[0].Last)
}
