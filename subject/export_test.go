package subject

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/identity"
	"github.com/clientele-go/clientele/profile"
	"github.com/clientele-go/clientele/store"
)

// exported is what a reader of the document makes of it.
type exported struct {
	Format       string                 `json:"format"`
	Version      int                    `json:"version"`
	Customer     customer.ID            `json:"customer"`
	Customers    []customer.ID          `json:"customers"`
	Members      []customer.Member      `json:"members"`
	Observations []observation          `json:"observations"`
	Relations    []relation             `json:"relations"`
	Rulings      []identity.Ruling      `json:"rulings"`
	Profile      *profile.Profile       `json:"profile"`
	Evidence     []profile.KeptEvidence `json:"evidence"`
	SetAside     []setAside             `json:"set_aside"`
	Consents     []consent.Record       `json:"consents"`
	Audit        []audit.Sealed         `json:"audit"`
	Counts       []Count                `json:"counts"`
	Complete     bool                   `json:"complete"`
}

func (w *world) export(r Request) (string, exported) {
	w.t.Helper()
	var out bytes.Buffer
	done, err := w.subjects.Export(w.t.Context(), minute(110), r, &out)
	require.NoError(w.t, err)
	var e exported
	d := json.NewDecoder(bytes.NewReader(out.Bytes()))
	d.DisallowUnknownFields()
	require.Error(w.t, d.Decode(&e), "at is left") // but for it there is nothing else
	e = exported{}
	require.NoError(w.t, json.Unmarshal(out.Bytes(), &e))
	require.True(w.t, e.Complete)
	require.Equal(w.t, done.Counts, e.Counts)
	require.Equal(w.t, done.Customer, e.Customer)
	return out.String(), e
}

func TestExport(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	berta := w.person("berta", 20)
	require.NoError(t, w.graph.Relate(t.Context(), identity.Relation{
		ID: "family", Kind: "household", From: record("anna", 1), To: record("berta", 1), Since: minute(5),
	}))
	w.sync(minute(100))
	request := request(anna, "anna")
	_, first := w.export(request)
	_, _, err := w.log.Seal(t.Context(), minute(111))
	require.NoError(t, err)
	second, e := w.export(request)
	third, _ := w.export(request)
	require.Equal(t, second, third, "the same data are the same bytes")

	require.Equal(t, "clientele/subject", e.Format)
	require.Equal(t, ExportVersion, e.Version)
	require.Equal(t, []customer.ID{anna}, e.Customers)
	require.Len(t, e.Members, 4)
	require.Len(t, e.Observations, 4)
	require.Equal(t, "observation-anna-1", e.Observations[0].ID)
	require.Equal(t, identifier{Type: "phone", Value: "13912345678", Proof: "verified"}, e.Observations[0].Identifiers[1])
	require.Len(t, e.Relations, 1)
	require.NotContains(t, second, berta.String(), "whom she is related to is not told")
	require.Equal(t, customer.TextValue("name-anna-called"), e.Profile.Value("name"))
	require.Len(t, e.Evidence, 9)
	require.Len(t, e.SetAside, 1)
	require.Equal(t, "undeclared-anna", e.SetAside[0].Value)
	require.Len(t, e.Consents, 4)
	require.Empty(t, first.Audit)
	require.Len(t, e.Audit, 1)
	require.Equal(t, "subject.export", e.Audit[0].Action)
	require.Equal(t, "privacy-office", e.Audit[0].Actor)
	for _, s := range planted("berta") {
		require.NotContains(t, second, s)
	}

	// What is in the document was read before it was erased.
	for _, s := range planted("anna") {
		require.Contains(t, second, s)
	}
	_, err = w.subjects.Erase(t.Context(), minute(120), request)
	require.NoError(t, err)
	var out bytes.Buffer
	_, err = w.subjects.Export(t.Context(), minute(130), request, &out)
	require.ErrorIs(t, err, identity.ErrErased)
	require.Zero(t, out.Len())
}

// Of one that was merged it is the survivor, with all ids.
func TestExportFormer(t *testing.T) {
	w := open(t, new(store.Memory), true)
	w.alone = true
	cleo := w.person("cleo", 0)
	dora := w.person("dora", 20)
	both, _ := w.merge("cleo", "dora")
	w.sync(minute(95))
	for _, id := range []customer.ID{cleo, dora} {
		_, e := w.export(request(id, "x"))
		require.Equal(t, both, e.Customer)
		require.ElementsMatch(t, []customer.ID{cleo, dora}, e.Customers)
		require.Len(t, e.Members, 6)
	}
}

// Nothing is written unless the log knows.
func TestExportIsToldFirst(t *testing.T) {
	b := &breaking{Store: new(store.Memory), left: math.MaxInt}
	w := open(t, b, true)
	anna := w.person("anna", 0)
	w.sync(minute(100))
	b.left = 0
	var out bytes.Buffer
	_, err := w.subjects.Export(t.Context(), minute(110), request(anna, "anna"), &out)
	require.ErrorIs(t, err, errBroken)
	require.Zero(t, out.Len())
	b.left = math.MaxInt
	_, err = w.subjects.Export(t.Context(), minute(110), request(anna, "anna"), failing{})
	require.ErrorIs(t, err, errFull)
	_, err = w.subjects.Export(t.Context(), minute(110), Request{Customer: anna}, &out)
	require.ErrorIs(t, err, ErrRequest)
	none, err := Open(w.s, Parts{}, nil)
	require.NoError(t, err)
	_, err = none.Export(t.Context(), minute(110), request(anna, "anna"), &out)
	require.ErrorIs(t, err, ErrParts)
	// Without a graph there are atoms and evidence.
	x, err := Open(w.s, Parts{Profiles: w.profiles}, nil)
	require.NoError(t, err)
	_, err = x.Export(t.Context(), minute(110), request(anna, "anna"), &out)
	require.NoError(t, err)
	var e exported
	require.NoError(t, json.Unmarshal(out.Bytes(), &e))
	require.Len(t, e.Members, 3)
	require.Len(t, e.Evidence, 9)
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestExportFollows(t *testing.T) {
	w := open(t, new(store.Memory), true)
	w.alone = true
	cleo := w.person("cleo", 0)
	w.person("dora", 20)
	_, e := w.export(request(cleo, "x"))
	require.NotNil(t, e.Profile)
	require.Len(t, e.Evidence, 9)
	both, _ := w.merge("cleo", "dora")
	_, e = w.export(request(both, "x"))
	require.Len(t, e.Evidence, 18)
	require.NoError(t, w.graph.Revoke(t.Context(), minute(111), "mistake"))
	text, e := w.export(request(cleo, "x"))
	require.Len(t, e.Evidence, 9)
	for _, s := range planted("dora") {
		require.NotContains(t, text, s)
	}
}

func TestExportWithoutTicket(t *testing.T) {
	w := open(t, new(store.Memory), true)
	anna := w.person("anna", 0)
	r := request(anna, "anna")
	r.Ticket = ""
	w.export(r)
	_, err := w.subjects.Erase(t.Context(), minute(110), r)
	require.NoError(t, err)
}

// givenIn is where the export has what the store keeps under a kind of value, or why there is nothing to give.
var givenIn = map[string]string{
	"key": "-the key of an atom, wrapped", "feed/entry": "-says what became of members", "feed/atoms": "-says what became of members",
	"identity/evidence": "observations", "identity/parts": "observations", "identity/part": "observations", "identity/observation": "observations",
	"identity/forward": "customers", "identity/ref": "observations", "identity/bearer": "observations", "identity/guard": "-counts the bearers of a value",
	"identity/ruling": "rulings", "identity/relation": "relations", "identity/edge": "relations",
	"identity/erasing": "-while somebody is erased", "identity/erase": "-while somebody is erased", "profile/erasing": "-while somebody is erased",
	"profile/head": "evidence", "profile/page": "evidence", "profile/id": "evidence", "profile/slice": "members",
	"profile/partial": "-follows from evidence", "profile/row": "profile", "profile/member": "members", "profile/customer": "customers", "profile/merged": "customers",
	"profile/wait": "-says who is to be folded anew", "profile/due": "-says when that is", "profile/queued": "-says whose row changed", "profile/refold": "-says how far folding has come",
	"audit/entry": "audit", "audit/page": "audit",
	"consent/head": "consents", "consent/page": "consents", "consent/paged": "consents",
	"subject/task": "-while somebody is erased, and after", "subject/names": "-while somebody is erased, and after",
	"segment/ids": "-segments follow rows, which profile has", "segment/log": "-segments follow rows, which profile has", "segment/notices": "-segments follow rows, which profile has",
}

// Every kind of value in which a person can be named is given out, or there is a reason why not. Where there is no key, what the
// store has in plain of the person is in the document.
func TestExportHasEveryKind(t *testing.T) {
	for kind := range kinds {
		require.Contains(t, givenIn, kind)
	}
	require.Len(t, givenIn, len(kinds))
	w := open(t, new(store.Memory), false)
	w.orders = 250
	anna := w.person("anna", 0)
	w.orders = 4
	berta := w.person("berta", 20)
	require.NoError(t, w.graph.Relate(t.Context(), identity.Relation{ID: "family", Kind: "household", From: record("anna", 1), To: record("berta", 1), Since: minute(5)}))
	apart := identity.Ruling{ID: "ruling-apart", Actor: "steward-1", Reason: "two people", Time: minute(50)}
	require.NoError(t, w.graph.Separate(t.Context(), apart, []identity.Record{record("anna", 1)}, []identity.Record{record("berta", 1)}))
	taken := identity.Ruling{ID: "ruling-revoked", Actor: "steward-1", Time: minute(51)}
	require.NoError(t, w.graph.Link(t.Context(), taken, record("anna", 1), record("anna", 2)))
	require.NoError(t, w.graph.Revoke(t.Context(), minute(52), taken.ID))
	passed := identity.Ruling{ID: "ruling-passed", Actor: "steward-2", Reason: "given up", Time: minute(40)}
	require.NoError(t, w.graph.Rebind(t.Context(), passed, "", identity.Identifier{Type: "email", Value: "anna@mail.cn"}, minute(60)))
	w.sync(minute(100))
	w.export(request(anna, "anna"))
	_, _, err := w.log.Seal(t.Context(), minute(111))
	require.NoError(t, err)
	document, e := w.export(request(anna, "anna"))
	require.Equal(t, []identity.Ruling{passed, apart}, e.Rulings)
	_, other := w.export(request(berta, "berta"))
	require.Equal(t, []identity.Ruling{apart}, other.Rulings)

	counts := map[string]int64{"profile": 1}
	for _, c := range e.Counts {
		counts[c.Name] = c.Count
	}
	m := new(memory)
	trace, err := w.graph.Trace(t.Context(), anna)
	require.NoError(t, err)
	require.NoError(t, w.subjects.remember(t.Context(), anna, &trace, m))
	s := newSearch(&Erasure{memory: m})
	seen := map[string]bool{}
	for entry, err := range w.s.Scan(t.Context(), store.Range{}) {
		require.NoError(t, err)
		for _, data := range [][]byte{entry.Key, entry.Value} {
			s.needles.find(data, func(int) {
				if k := readKept(entry); k.kind != "" {
					seen[k.kind] = true
				}
			})
		}
	}
	for kind := range seen {
		if in := givenIn[kind]; in[0] != '-' {
			require.Positive(t, counts[in], "%s, of %s", in, kind)
		}
	}
	require.Greater(t, len(seen), 15)
	for _, p := range planted("anna") {
		require.Contains(t, document, p)
	}
}
