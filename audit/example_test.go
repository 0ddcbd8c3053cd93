package audit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/store"
)

// A deed and its entry are one commit. The log is sealed, verified, and one entry of it proven to somebody who has the
// public key alone.
func Example() {
	ctx := context.Background()
	secret, public, err := note.GenerateKey(rand.Reader, "shop.example/audit")
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		panic(err)
	}

	s := new(store.Memory)
	log, err := audit.Open(s, &audit.Options{Origin: "shop.example/audit", Signer: signer, Verifier: verifier})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b := new(store.Batch)
	b.Put([]byte("consent/1"), []byte("withdrawn"))
	err = log.Queue(b, &audit.Entry{
		Time: now, Actor: "agent-7", Action: "consent.withdraw", Purpose: "service", Customer: customer.FromInt64(1), Object: "sms",
	})
	if err != nil {
		panic(err)
	}
	if _, err := s.Commit(ctx, b); err != nil {
		panic(err)
	}
	err = log.Append(ctx, &audit.Entry{
		Time: now.Add(time.Minute), Actor: "agent-9", Action: "profile.read", Outcome: audit.Denied, Purpose: "marketing",
		Customer: customer.FromInt64(1), Object: "phone",
	})
	if err != nil {
		panic(err)
	}
	checkpoint, sealed, err := log.Seal(ctx, now.Add(2*time.Minute))
	if err != nil {
		panic(err)
	}
	fmt.Println(sealed, "entries sealed,", checkpoint.Size, "in the log")

	for e, err := range log.Entries(ctx, &audit.Query{Customer: customer.FromInt64(1)}) {
		if err != nil {
			panic(err)
		}
		fmt.Println(e.Number, e.Time.Format(time.TimeOnly), e.Actor, e.Action, e.Object, e.Outcome)
	}

	found, err := log.Verify(ctx, &audit.VerifyOptions{Verifier: verifier})
	if err != nil {
		panic(err)
	}
	fmt.Println("faults:", len(found.Faults))

	proof, err := log.Prove(ctx, 1, checkpoint)
	if err != nil {
		panic(err)
	}
	proven, err := proof.Verify("shop.example/audit", verifier)
	if err != nil {
		panic(err)
	}
	fmt.Println("proven:", proven.Actor, "was", proven.Outcome)
	// Output:
	// 2 entries sealed, 2 in the log
	// 0 09:00:00 agent-7 consent.withdraw sms done
	// 1 09:01:00 agent-9 profile.read phone denied
	// faults: 0
	// proven: agent-9 was denied
}
