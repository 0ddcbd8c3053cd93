package audit_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/hostiletest"
	"github.com/clientele-go/clientele/store"
)

const hostileOrigin = "shop.example/audit"

var hostileNow = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func hostileEntry(id byte) *audit.Entry {
	return &audit.Entry{
		ID: uuid.UUID{id}, Time: hostileNow, Actor: "agent-7", Action: "consent.withdraw", Purpose: "service", Customer: customer.FromInt64(1), Object: "sms",
		Atom: customer.AtomID{1}, Details: []audit.Detail{{Name: "why", Text: "asked"}}, Commitments: []audit.Commitment{{Name: "phone", Sum: make([]byte, 32)}},
	}
}

func TestHostile(t *testing.T) {
	ctx := t.Context()
	secret, public, err := note.GenerateKey(zeros{}, hostileOrigin)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	verifier, err := note.NewVerifier(public)
	require.NoError(t, err)
	options := func() *audit.Options {
		return &audit.Options{Origin: hostileOrigin, Signer: signer, Verifier: verifier}
	}
	open := func() *audit.Log {
		log, err := audit.Open(new(store.Memory), options())
		require.NoError(t, err)
		require.NoError(t, log.Append(context.Background(), hostileEntry(1), hostileEntry(2)))
		_, sealed, err := log.Seal(context.Background(), hostileNow.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, 2, sealed)
		return log
	}
	// whole makes sure that a call has left the log as it was, or longer.
	whole := func(log *audit.Log) {
		found, err := log.Verify(context.Background(), &audit.VerifyOptions{Verifier: verifier})
		if err != nil || found.Err() != nil || found.Size < 2 {
			panic("the log is not whole")
		}
	}
	shared := open()
	head, err := shared.Checkpoint(ctx)
	require.NoError(t, err)
	proof, err := shared.Prove(ctx, 0, head)
	require.NoError(t, err)
	var export bytes.Buffer
	require.NoError(t, shared.Export(ctx, &export))
	extends, err := shared.ProveExtends(ctx, head, head)
	require.NoError(t, err)
	bad := func(at string) map[string]any {
		return map[string]any{
			at + ".Time zero": audit.ErrEntry, at + ".Time beyond": audit.ErrEntry, at + ".Actor empty": audit.ErrEntry, at + ".Actor bytes": audit.ErrEntry, at + ".Action empty": audit.ErrEntry,
			at + ".Action control": audit.ErrEntry, at + ".Outcome max": audit.ErrEntry, at + ".Object long": audit.ErrEntry, at + ".Details[0].Name empty": audit.ErrEntry,
			at + ".Details huge": audit.ErrEntry, at + ".Commitments[0].Sum nil": audit.ErrEntry,
		}
	}
	const opened = "log"
	copied := func() *audit.Proof {
		p := *proof
		p.Data, p.Path = bytes.Clone(p.Data), append([]tlog.Hash(nil), p.Path...)
		return &p
	}

	hostiletest.Run(t, hostiletest.Table{
		"Open": {
			Call: func(o *audit.Options) error {
				_, err := audit.Open(new(store.Memory), o)
				return err
			},
			Names: "options", Args: func() []any { return []any{options()} },
			Expect: map[string]any{"options.Origin bytes": audit.ErrOptions, "options.Retention min": audit.ErrOptions},
		},
		"Entry.Validate": {Call: (*audit.Entry).Validate, Names: "entry", Args: func() []any { return []any{hostileEntry(3)} }, Expect: hostiletest.With(bad("entry"), map[string]any{"entry nil": audit.ErrEntry})},
		"Log.Append": {
			Call: func(ctx context.Context, entries []*audit.Entry) error {
				log := open()
				defer whole(log)
				return (*audit.Log).Append(log, ctx, entries...)
			},
			Names: "ctx entries", Args: func() []any { return []any{ctx, []*audit.Entry{hostileEntry(3), hostileEntry(4)}} },
			Expect: hostiletest.With(bad("entries[1]"), map[string]any{"entries nil": hostiletest.OK, "entries[1] nil": audit.ErrEntry}), Every: 2, Writes: "entries",
			Hold: map[string]string{"entries huge": "work that is asked for"},
		},
		"Log.Queue": {
			Call: func(e *audit.Entry) error { return (*audit.Log).Queue(shared, new(store.Batch), e) }, Names: "entry",
			Args: func() []any { return []any{hostileEntry(3)} }, Expect: hostiletest.With(bad("entry"), map[string]any{"entry nil": audit.ErrEntry}), Writes: "entry",
		},
		"Log.Seal": {
			Call: func(ctx context.Context, at time.Time) (int, error) {
				log := open()
				defer whole(log)
				_, n, err := (*audit.Log).Seal(log, ctx, at)
				return n, err
			},
			Names: "ctx at", Args: func() []any { return []any{ctx, hostileNow.Add(time.Hour)} }, Expect: map[string]any{"at zero": "audit: ", "at beyond": "audit: "},
		},
		"Log.Trim": {
			Call: func(ctx context.Context, at time.Time, actor string) (int64, error) {
				log := open()
				return (*audit.Log).Trim(log, ctx, at, actor)
			},
			Names: "ctx at actor", Args: func() []any { return []any{ctx, hostileNow.Add(time.Hour), "office"} },
		},
		"Log.Checkpoint": {Call: (*audit.Log).Checkpoint, Names: "log ctx", Args: func() []any { return []any{shared, ctx} }, Writes: opened},
		"Log.Entries": {
			Call: func(ctx context.Context, q *audit.Query) (int, error) {
				return hostiletest.Count((*audit.Log).Entries(shared, ctx, q))
			},
			Names: "ctx query", Args: func() []any {
				return []any{ctx, &audit.Query{Customer: customer.FromInt64(1), To: 2, Until: hostileNow.AddDate(1, 0, 0)}}
			},
			Expect: map[string]any{"query nil": hostiletest.OK, "query.From min": nil, "query.To max": hostiletest.OK},
		},
		"Log.Entry":  {Call: (*audit.Log).Entry, Names: "log ctx number", Args: func() []any { return []any{shared, ctx, int64(1)} }, Writes: opened, Expect: map[string]any{"number min": audit.ErrUnknown, "number max": audit.ErrUnknown}},
		"Log.Export": {Call: func(ctx context.Context) error { return (*audit.Log).Export(shared, ctx, io.Discard) }, Names: "ctx", Args: func() []any { return []any{ctx} }},
		"Log.Prove": {
			Call: (*audit.Log).Prove, Names: "log ctx number checkpoint", Args: func() []any { return []any{shared, ctx, int64(1), head} }, Writes: opened,
			Expect: map[string]any{"number min": "audit: ", "number max": "audit: ", "checkpoint.Size max": "audit: ", "checkpoint.Size min": "audit: "},
		},
		"Log.ProveExtends": {
			Call: (*audit.Log).ProveExtends, Names: "log ctx old new", Args: func() []any { return []any{shared, ctx, head, head} }, Writes: opened,
			Expect: map[string]any{"old.Size max": "audit: ", "new.Size min": "audit: ", "context": hostiletest.OK},
		},
		"Log.Verify": {
			Call: (*audit.Log).Verify, Names: "log ctx options", Args: func() []any {
				return []any{shared, ctx, &audit.VerifyOptions{Verifier: verifier, Trusted: []audit.Checkpoint{head}}}
			}, Writes: opened,
		},
		"Proof.Verify": {
			Call: func(p *audit.Proof, origin string) (audit.Sealed, error) {
				return (*audit.Proof).Verify(p, origin, verifier)
			}, Names: "proof origin",
			Args: func() []any { return []any{copied(), hostileOrigin} }, Hold: map[string]string{"proof nil": "it is the receiver"},
			Expect: map[string]any{"origin": "audit: ", "proof.Number": "audit: ", "proof.Path": "audit: ", "proof.Data torn": "audit: ", "proof.Data bytes": "audit: ", "proof.Checkpoint": "audit: "},
		},
		"CheckExtends": {
			Call: audit.CheckExtends, Names: "path old new", Args: func() []any { return []any{append([]tlog.Hash{}, extends...), head, head} },
			Expect: map[string]any{"old.Size max": "audit: ", "old.Size min": "audit: ", "new.Size zero": "audit: ", "new.Root zero": "audit: "},
		},
		"ParseCheckpoint": {
			Call: func(text, origin string) (audit.Checkpoint, error) {
				return audit.ParseCheckpoint(text, origin, verifier)
			}, Names: "text origin",
			Args: func() []any { return []any{head.Text, hostileOrigin} }, Expect: map[string]any{"text": "audit: ", "origin": "audit: "},
		},
		"VerifyExport": {
			Call: func(ctx context.Context, r io.Reader, origin string, o *audit.VerifyOptions) (int64, error) {
				_, found, err := audit.VerifyExport(ctx, r, origin, o)
				if err != nil {
					return 0, err
				}
				return found.Size, found.Err()
			},
			Names: "ctx r origin options", Alone: "a reader is read once",
			Args: func() []any {
				return []any{ctx, hostiletest.Text(export.String()), hostileOrigin, &audit.VerifyOptions{Verifier: verifier}}
			},
			Expect: map[string]any{"r broken": hostiletest.ErrReader, "r slow": hostiletest.OK, "r empty": "audit: ", "r torn": nil, "r spoilt": nil, "origin": "audit: "},
		},
		"FaultKind.UnmarshalText": hostiletest.Name((*audit.FaultKind).UnmarshalText, audit.FaultKind(1).String()),
		"Outcome.UnmarshalText":   hostiletest.Name((*audit.Outcome).UnmarshalText, audit.Denied.String()),
	})
}

// zeros is a source of keys that are always the same.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
