// Package notify answers who is told that a customer entered or left a segment: it hands the notices of live segments to a
// campaign tool, a message queue or a file, each notice at least once and in order, and goes on after a crash where it was.
//
//	secret, err := notify.ParseSecret(os.Getenv("CAMPAIGN_SECRET")) // whsec_...
//	sink, err := notify.Webhook("https://campaigns.example/hook", &notify.WebhookOptions{
//		Secrets: []notify.Secret{secret}, Source: "shop", Now: clock,
//	})
//	cursor, err := notify.StoreCursor(s, []byte("notify/campaigns"))
//	// After every step of the live segments, or every few seconds:
//	n, err := notify.Run(ctx, live, notify.Filter(sink, "dormant"), cursor, nil)
//
// # Concepts
//
// A Source has numbered notices. A Sink takes some at a time: Webhook posts them, JSONLines and CSV write them, SinkFunc is
// whatever a program does with them, and Filter passes on those of some segments. Run moves notices from a source to a sink until
// there are no more, and ends. Fan does that for several sinks, none of which waits for another.
//
// A Cursor keeps how far a sink is. Before a batch goes out, its bounds are saved, so that the same batch comes again if
// nobody knows whether it arrived: the same notices, with the same bytes and the same id. After a crash a receiver sees the
// last batch twice at most, and never a gap.
//
// A segment.Live is a Source that is in memory: what it has told and no sink has taken when the process ends is lost. Where
// cursors are in a store, the Live of the next process begins with the greatest Until of them as its LiveOptions.After. A cursor that
// is further back then makes Run fail, and goes on once a Place is saved whose After and Until are that number.
//
// # Receivers
//
// A webhook is a POST of a Message as JSON, signed as the Standard Webhooks specification 1.0.0 says, so that its libraries
// verify it; Verify is one of them. A receiver answers 2xx once it has the notices safe, within the sender's timeout. It keeps
// the number of the last notice that it took, in the same transaction as what it did, and leaves out those up to it: a
// request that was thought to be lost can arrive after later ones.
//
// # What it does not do
//
// It does not ask whether a customer may be contacted, which is for who contacts to find out, and a notice tells something
// about a person. It does not skip a batch that the receiver refuses: Run returns the error, and tries the same batch when called
// again. It has no goroutines that go on when a function has returned, and reads no clock.
package notify
