package main

// area says what a file of results is about. It is a plain value: safe for concurrent reads.
type area struct {
	file  string // without its ending
	title string
	what  string // a paragraph: what is done, by whom
	why   string // why we lose where we do; empty: nothing to say
	// groups are the first words of names of tasks that have a table of their own each.
	groups []string
	// forms are the names of the library's forms, where a task has several; nil: the first peer is the library.
	forms []string
}

// areas are all, in the order of the page.
var areas = []area{
	{
		file: "rfm", title: "RFM: invoice lines to a scored customer table",
		what: `Package rfm makes a customer table with recency, frequency, monetary and their scores from invoice lines in memory. "Lines" counts lines,
"orders" distinct orders; ids are numbers or texts; "ntile" scores as SQL's NTILE does, the others by mid-ranks. DuckDB has its own table in
memory and all cores, pandas one thread, and the Go map is the plain Go that one would write by hand.`,
		why: `No peer is quicker; what is missed are our own targets. DuckDB comes closest where ids are texts.`,
	},
	{
		file: "ingest", title: "Ingest: invoice lines from files",
		what: `Package ingest makes structs of a million invoice lines of eight columns, on one core; rates are of its time. pandas makes a frame of the same lines, with
prices as floats, and encoding/csv of the standard library only splits them into texts. Package synth makes such lines.`,
	},
	{
		file: "segment", title: "Segments: rules over the bitmap tag index",
		groups: []string{"uniform", "Zipf", "clustered"}, forms: []string{"clientele, Go", "clientele, kernels"},
		what: `Package segment answers rules over millions of customers with tags. Values lie in three ways: all alike and independent ("uniform"), by Zipf's
law, and alike among neighbours ("clustered"). Everything runs on one thread. The library runs in pure Go and with kernels in assembly, which are
chosen at run time where the processor has them. "roaring" is the library of Roaring bitmaps for Go, which holds sets and no tags.`,
		why: `Roaring is quicker where two large sets only have to be counted, in pure Go also where they are joined; where sets have few members, since
a question has a fixed cost here; and in many cases of values that lie together in runs, which Roaring keeps as runs. "As roaring bitmap" includes
making one of our result. DuckDB is quicker at loading only where it makes up the data itself. What else is missed are targets of several times the
peer's speed, against DuckDB of up to a thousand times.`,
	},
	{
		file: "live", title: "Live segments: who enters and leaves",
		what: `Live segments of package segment have no peer, so what is measured has limits instead: many rules over many tags, told of every change, and of
time that passes.`,
	},
	{
		file: "identity", title: "Identity: which records are one customer",
		what: `Package identity has no peer that does the same work, so it is measured against the least that its work can cost: the same reads and
commits on the bare store, and hashing with union-find that stores nothing. Observations have three identifiers each.`,
		why: `Beside the store's own work, an observation hashes identifiers under a key, encodes what it stores, and keeps what is needed to take a wrong merge back; union-find
alone does nothing of it. Durable commits wait for the disk.`,
	},
	{
		file: "profile", title: "Profiles: folding, adding and recomputing",
		what: `Package profile has no peer either. "Fold" is a customer of five atoms made a profile; "add" is evidence being stored; the others are a million
customers loaded, recomputed under a changed schema, and brought up to date when a day passes.`,
	},
	{
		file: "cluster", title: "Clusters: groups of alike customers",
		what: `Package cluster divides points into k groups, from the same starting centres as its peers or, where that is said, from its own. Labels and sums of
squares are compared. FAISS computes in single precision. "Pure Go" is the library without assembly.`,
		why: `In pure Go scikit-learn is quicker. The kernels in assembly, which are chosen at run time, are what puts us ahead.`,
	},
	{
		file: "churn", title: "Churn: features and logistic regression",
		what: `Package churn makes features of events such that none can see the future; pandas makes fewer columns of the same events. Logistic regression is fitted to
the same objective.`,
	},
	{
		file: "learn", title: "Learners: boosting, Shapley values, survival",
		what: `Packages learn/boost, learn/survival and learn/logistic beside scikit-learn, XGBoost and R's survival package, in which the accuracy of the models is compared,
for XGBoost's own trees every value.`,
	},
	{
		file: "privacy", title: "Privacy: sealing, the blind index and the audit log",
		what: `Packages seal and audit, and profiles whose traits are sealed. Tink is the peer. "Standard library" is the bare cipher or hash without
keys to look up and without a place that a value is bound to, and "tlog" the hashes of the tree alone: they are floors, not alternatives. Rows of
clientele in another way say what a part of the work costs.`,
		why: `Bare ciphers and hashes do less: nothing is bound to its place, found by customer, encoded, stored or signed. They are listed all the same.`,
	},
}
