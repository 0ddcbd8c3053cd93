package layout

// root is the path of the root module.
const root = "github.com/clientele-go/clientele"

// edges lists, for every public package of the root module, the public packages it may import. It is the whole list: an
// import that is not here fails, and so does a package that is not here. A new package gets its row together with its
// first file, a new edge is a decision for docs/design.md first.
//
// Not listed because they follow one rule each: any package may import internal packages, an internal package imports
// only internal packages and those of vocabulary, commands and packages under examples/ import any public package and each other, and tests import
// what they like. Rows whose package does not exist yet are kept so that the plan is in one place.
var edges = map[string][]string{
	"customer": {},
	"table":    {},
	"synth":    {},
	"report":   {},

	"report/blocks": {"report", "ingest", "rfm", "cluster", "churn", "table"},

	"store":           {},
	"store/storetest": {"store"},
	"store/sqlstore":  {"store"},
	"seal":            {"customer", "store"},

	"consent":           {"customer", "store"},
	"audit":             {"customer", "store"},
	"audit/auditverify": {"audit"},

	"ingest":             {},
	"identity":           {"customer", "store", "seal", "identity/normalize"},
	"identity/normalize": {},
	"identity/linkage":   {"identity"},
	"profile":            {"customer", "store", "seal", "table"},
	"segment":            {"customer", "store", "table"},
	"segment/notify":     {"customer", "store", "segment"},
	"access":             {"customer", "profile", "consent", "audit"},
	"subject":            {"customer", "store", "seal", "identity", "profile", "consent", "audit"},

	"rfm":            {"table"},
	"cluster":        {"table", "learn/tree", "learn/score"},
	"learn/score":    {"table"},
	"learn/logistic": {"table", "learn/score"},
	"learn/tree":     {"table", "learn/score"},
	"learn/boost":    {"table", "learn/score", "learn/tree"},
	"learn/survival": {"table", "learn/score"},
	"churn":          {"table", "learn/score", "learn/logistic", "learn/tree", "learn/boost", "learn/survival"},

	"ltv":         {},
	"journey":     {},
	"attribution": {},
	"basket":      {},
	"experiment":  {},
	"recommend":   {},
	"kpi":         {},
	"warehouse":   {},
}

// vocabulary are public packages of types only, in which internal packages may speak too.
var vocabulary = []string{"table"}

// dependency is a module from elsewhere that code of the root module may import.
type dependency struct {
	module string
	// only names the packages that may import it; empty means all.
	only []string
	// tests restricts it to tests and to test suites.
	tests bool
}

// dependencies is the whole list for the root module. One more needs a reason in docs/design.md: every user of the
// library downloads it.
var dependencies = []dependency{
	{module: "gonum.org/v1/gonum"},
	{module: "github.com/RoaringBitmap/roaring/v2"},
	{module: "github.com/google/uuid"},
	{module: "github.com/tidwall/btree", only: []string{"store"}},
	{module: "github.com/nyaruka/phonenumbers", only: []string{"identity/normalize"}},
	{module: "golang.org/x/sys"},
	{module: "golang.org/x/mod", only: []string{"audit", "audit/auditverify", "examples/onecustomer"}},
	{module: "golang.org/x/text"},
	{module: "github.com/stretchr/testify", tests: true},
	{module: "github.com/anishathalye/porcupine", tests: true},
}

// Nested modules use any dependency, and of the root module its public packages. These two may use its internal
// packages as well.
var modulesWithInternal = []string{"bench", "integration"}

// ban is one thing that library code must not use. Commands, tests and test suites may, unless always is set.
type ban struct {
	path   string
	names  []string // empty: the whole package
	except []string // with no names: what stays allowed
	always bool
	why    string
}

var bans = []ban{
	{path: "math/rand", always: true, why: "use math/rand/v2 with an explicit seed"},
	{
		path:   "math/rand/v2",
		except: []string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "PCG", "ChaCha8", "Zipf"},
		why:    "its package functions are seeded by chance; draw from a rand.Rand with an explicit seed",
	},
	{path: "time", names: []string{"Now", "Since", "Until"}, why: "time is an argument"},
	{
		path:  "github.com/google/uuid",
		names: []string{"New", "NewString", "NewRandom", "NewUUID", "NewV6", "NewV7"},
		why:   "it reads the clock or chance; make ids from data",
	},
	{path: "fmt", names: []string{"Print", "Printf", "Println"}, why: "a library does not write to the terminal"},
	{path: "os", names: []string{"Stdout", "Stderr"}, why: "a library does not write to the terminal"},
	{path: "log", why: "a library returns errors and does not log"},
	{
		path: "log/slog",
		names: []string{
			"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs",
			"DebugContext", "InfoContext", "WarnContext", "ErrorContext",
		},
		why: "the default logger belongs to the program",
	},
}

// Sizes beyond which a package or a file wants splitting. Packages over their size are reported, files fail.
const (
	maxTypes       = 12
	maxIdentifiers = 80
	maxLines       = 700
)

// A file over maxLines needs a comment above its package clause that begins like this and says why.
const longFile = "Long file:"

// lateMoments are the functions whose time is not the moment of the call: from Rebind's on a value is somebody else's.
var lateMoments = []string{"identity.Graph.Rebind"}

// concurrency are the set sentences; the documentation of every exported type holds exactly one.
var concurrency = []string{
	"safe for concurrent use",
	"safe for concurrent reads",
	"not safe for concurrent use",
}
