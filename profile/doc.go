// Package profile answers what is known of a customer, from which source and since when,
// and what follows from it: how many orders in 90 days, when the last visit was, which
// category is liked best.
//
//	p, err := profile.Open(ctx, s, &profile.Schema{
//		Location: "Asia/Shanghai",
//		Sources:  []profile.Source{{Name: "crm"}, {Name: "shop"}},
//		Traits:   []profile.Trait{{Name: "city", Kind: customer.KindText}},
//		Events: []profile.Event{{Name: "order", Fields: []profile.Field{
//			{Name: "amount", Kind: customer.KindInt64},
//		}}},
//		Computed: []profile.Computed{{
//			Name: "spent_90d", Of: profile.Sum, Events: []string{"order"}, Field: "amount",
//			Window: profile.Window{Days: 90},
//		}},
//	}, nil)
//	...
//	r, err := who.Observe(ctx, observation) // package identity: whose record it is
//	_, err = p.Add(ctx, now, profile.Evidence{
//		Atom: r.Atom, ID: "order-1", Source: "shop", Event: "order", Time: at,
//		Values: []customer.Field{{Name: "amount", Value: customer.Int64Value(19900)}},
//	})
//	_, err = p.Sync(ctx, now, who)
//	one, err := p.Profile(ctx, r.Customer, profile.Moment{At: now})
//	one.Value("spent_90d") // 19900; one.Computed and one.Traits say where it comes from
//
// The package example has it whole; docs/theory/profile.md has the rules, to be checked by hand, and when they mislead.
//
// # Atoms and the fold
//
// What sources say is [Evidence]: that something happened, or that traits have values.
// It hangs on an atom, which is a record of a source. Which atoms are of one customer
// tells a [customer.Feed]: that of package identity, or your own. A profile is a pure
// function of the evidence of a customer's atoms, the schema and the moment. So it does
// not depend on the order in which evidence arrives. A merge folds more atoms and a
// split fewer; nothing is ever subtracted, and a merge that is undone leaves the
// profiles that were there before. Evidence may arrive before the feed says whose the
// atom is, late, or twice: its id within the atom tells. [Profiles.Retract] takes back
// what was wrong.
//
// # Schema and rules
//
// A [Schema] declares sources, traits, types of events and computed traits. It is data,
// is kept in the store, and is checked as a whole before it holds. Where several atoms
// state a trait, its policy decides, a list of [Rule]: the most recent, the most trusted
// source, the majority, the union and so on. The result names the evidence that won, the
// rule that decided, and what lost. Values that the schema does not declare, or that
// do not pass its checks, are set aside with the reason, and the rest is kept; so is as a
// whole an event that lacks a required field. [Profiles.SetAside] has the newest 16 of an atom,
// each cut at 256 bytes; the others are only counted.
// [Profiles.Preview] tells what another schema would change, and [Profiles.Apply] puts
// it in force.
//
// # Computed traits
//
// A [Computed] counts, sums or otherwise aggregates events, of all time or of a
// [Window]. Count, Sum, Average, First, Last, Min, Max, Top and Share are exact; Sum is
// unset where it does not fit its kind. Distinct is exact up to 256 different values of
// a customer, and has a standard error of 1.6 percent beyond. Quantile is off by at most
// 1/128 of the value. None depends on the order of events or on how they are spread over
// atoms. [Pair] measures the time between an event and its answer, such as that of
// service; [Stage] says where in its life a customer is; [Taste] says what it likes,
// shrunk towards what all like ([Profiles.Shares]) and fading with age.
//
// # Time
//
// The package reads no clock: times are arguments. A window of n days is n whole local
// days of the schema's location, today included, and changes at local midnight only;
// hours are exact elapsed time. Values change though nothing happens, because events
// leave windows: [Profile].Next is when the earliest does. [Profiles.Sync] keeps the
// rows of all customers up to date. It folds those anew whose evidence or atoms have
// changed, or whose time has come, and returns when it needs to be called again.
//
// # History
//
// A [Moment] has two times: what was true at one, as far as it was known at the other.
// What is believed now, what was true then, and what we knew then are all
// [Profiles.Profile]. Evidence is known from the time that [Profiles.Add] was given, and whose
// an atom is from the time that Sync was given when it took that from the feed: so what a feed
// dates back changes nothing of what was known. The last 1,000 changes of a customer, and of an
// atom of it, are remembered. [Profiles.Timeline] is what happened to a customer, in order, page
// by page. The schema is always the one in force; [Profiles.Versions] has those before
// it.
//
// # Rows, tables and files
//
// [Profiles.Rows] hands changed rows on as [customer.RowBatch], to package segment or
// whoever keeps a table of customers; [Profiles.RowColumns] declares what they have, of which
// segment.TagsOf makes tags. [Profiles.Table] makes features for models, also as they could
// have been known at a time in the past, and [Profiles.Events] is the history of all customers
// from which package churn makes its own. [Profiles.WriteCSV] and
// [Profiles.WriteJSON] export, and [Profiles.All] yields everything with provenance.
// What is [Personal] or [Sensitive] leaves in rows, tables and exports only if it is
// named.
//
// # Quality
//
// [Profiles.Quality] measures the data of each source: how complete and fresh it is, how
// much of it was set aside and why, and how often sources contradict each other.
//
// # Storage
//
// Everything is kept through package store, in any number of processes at once, and each
// commit leaves it whole. The newest entries of an atom lie together in one value; older
// ones are in pages beside it, of which a cache keeps what follows from them, so that a
// profile of many events is read without them. After [customer.Erased] all of an atom is
// deleted for good, and evidence of it that comes again is refused. [Profiles.Purge]
// deletes the events that are beyond the schema's retention.
//
// With an [Options].Vault, values that the schema says are [Personal] or [Sensitive], all
// that is set aside, and the cache of what follows from either are sealed in the store
// under a key of each atom (see package seal). The mark by which evidence that comes again
// is known is made with the key. The erasure of an atom destroys its key, in the commit
// that makes its evidence unreachable. Where the key is destroyed by others, as package
// identity does if it has the same vault, the atom counts as erased at once; in another
// process when the cache of its vault has the key no more, or the feed was followed.
// Computed traits, rules and answers are as without a vault. [Profiles.Find] finds
// customers by a value, by a keyed hash of it. What was added before there was a vault, or
// before the schema protected it, is sealed by [Profiles.Reseal].
//
// # What it does not do
//
// Who is who: that is package identity. Consent. Who may see what, and the log of who did: that is package access, whose Gate has View,
// Find, Timeline and Export for people. What reads the [Profiles] themselves is within the service, and nothing is
// written down of it. Predictions: models take a table. Nothing
// runs by itself: rows are as of the last Sync, and profiles, which are made when they are
// asked for, do not need it but for the feed.
//
// Without a vault it seals nothing. With one, these are still readable in the store: ids
// of evidence, sources, types of events, times, which traits are stated, how often
// something was set aside, how long what is sealed is, and values of [Public] and
// [Internal] traits, fields and computed traits. So no id of evidence should be, or hold,
// a phone number. Evidence of a slice of a stream is sealed under the key of the stream:
// what an erased customer had of it is deleted, and the key lives on.
package profile
