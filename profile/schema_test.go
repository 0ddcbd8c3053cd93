package profile

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clientele-go/clientele/customer"
	"github.com/clientele-go/clientele/internal/race"
)

// shopSchema has something of everything.
func shopSchema() *Schema {
	text, number := customer.TextValue, customer.Int64Value
	return &Schema{
		Location: "Asia/Shanghai",
		Sources:  []Source{{Name: "crm"}, {Name: "shop", Channel: "web"}, {Name: "app", Channel: "web"}, {Name: "desk", Channel: "phone"}},
		Traits: []Trait{
			{Name: "name", Label: customer.Text{EN: "Name", ZH: "姓名"}, Kind: customer.KindText, Sensitivity: Personal, Policy: []Rule{VerifiedFirst, MostComplete}},
			{
				Name: "phone", Kind: customer.KindText, Sensitivity: Personal, Policy: []Rule{Union}, Cap: 3,
				Check: Check{Pattern: `\+?[0-9]{5,15}`}, Refresh: 365,
			},
			{Name: "city", Kind: customer.KindText, Policy: []Rule{SourcePriority, Majority, Custom}, Custom: "first", Sources: []string{"desk", "crm"}},
			{Name: "likes", Kind: customer.KindLabels, Check: Check{In: []string{"tea", "coffee"}}},
			{Name: "points", Kind: customer.KindInt64, Policy: []Rule{Total}, Check: Check{Least: number(0), Most: number(1_000_000)}},
			{Name: "limit", Kind: customer.KindDecimal, Policy: []Rule{Smallest}, Check: Check{Least: number(0), Most: customer.DecimalValue(99995, 1)}},
			{Name: "score", Kind: customer.KindFloat64, Policy: []Rule{Largest}},
			{Name: "born", Kind: customer.KindTime, Sensitivity: Sensitive, Policy: []Rule{Oldest}},
			{Name: "member", Kind: customer.KindBool},
		},
		Events: []Event{
			{Name: "order", Label: customer.Text{EN: "Order"}, Fields: []Field{
				{Name: "id", Kind: customer.KindText, Required: true},
				{Name: "amount", Kind: customer.KindInt64, Check: Check{Least: number(0)}},
				{Name: "price", Kind: customer.KindDecimal},
				{Name: "weight", Kind: customer.KindFloat64},
				{Name: "brand", Kind: customer.KindText},
				{Name: "tags", Kind: customer.KindLabels},
				{Name: "gift", Kind: customer.KindBool},
				{Name: "due", Kind: customer.KindTime},
			}},
			{Name: "visit", Fields: []Field{{Name: "brand", Kind: customer.KindText}, {Name: "amount", Kind: customer.KindDecimal}}},
			{Name: "opened", Fields: []Field{{Name: "ticket", Kind: customer.KindText}}},
			{Name: "solved", Fields: []Field{{Name: "ticket", Kind: customer.KindText}}},
		},
		Computed: []Computed{
			{Name: "orders", Of: Count, Events: []string{"order"}, Window: Window{Days: 90}},
			{Name: "spent", Of: Sum, Events: []string{"order"}, Field: "amount", Where: []Condition{
				{Field: "@channel", In: []customer.Value{text("web")}},
				{Field: "tags", NotIn: []customer.Value{text("test")}},
				{Field: "price", AtLeast: number(1), Below: customer.DecimalValue(1005, 1)},
			}},
			{Name: "average", Of: Average, Events: []string{"order"}, Field: "gift"},
			{Name: "last", Of: Last, Events: []string{"order", "visit"}, Field: "@time"},
			{Name: "first_source", Of: First, Events: []string{"order", "visit"}, Field: "@source"},
			{Name: "heaviest", Of: Max, Events: []string{"order"}, Field: "weight", Window: Window{Hours: 24}},
			{Name: "brands", Of: Distinct, Events: []string{"order", "visit"}, Field: "brand"},
			{Name: "top_tags", Of: Top, Events: []string{"order"}, Field: "tags", Limit: 3},
			{Name: "median", Of: Quantile, Events: []string{"order"}, Field: "amount", Quantile: 0.5},
			{Name: "gifts", Of: Share, Events: []string{"order"}, Field: "gift"},
			{Name: "stage", Of: Lifecycle, Events: []string{"order"}, Stages: DefaultStages()},
			{
				Name: "bands", Of: Affinity, Events: []string{"order"}, Field: "price", Limit: 2,
				Bands: []Band{{"low", number(10)}, {"middle", customer.DecimalValue(995, 1)}, {"high", customer.Value{}}},
				Taste: &Taste{HalfLife: 30, Strength: 1, Prior: map[string]float64{"low": 0.5, "high": 0.25}, Least: 0.2},
			},
			{Name: "solving", Of: Average, Events: []string{"opened"}, Pair: &Pair{Until: []string{"solved"}, By: "ticket"}},
		},
		Retention: 1000,
	}
}

var shopCustom = map[string]CustomRule{"first": func(c []Candidate) customer.Value { return c[0].Value }}

func TestSchemaValidates(t *testing.T) {
	require.NoError(t, shopSchema().Validate())
	require.NoError(t, (&Schema{Location: "UTC", Sources: []Source{{Name: "s"}}}).Validate())
	require.ErrorIs(t, (*Schema)(nil).Validate(), ErrSchema)
}

// Every fault is found, at its place, and alone.
func TestSchemaFaults(t *testing.T) {
	text, number, decimal, float := customer.TextValue, customer.Int64Value, customer.DecimalValue, customer.Float64Value
	trait := func(s *Schema, name string) *Trait {
		return &s.Traits[slices.IndexFunc(s.Traits, func(t Trait) bool { return t.Name == name })]
	}
	computed := func(s *Schema, name string) *Computed {
		return &s.Computed[slices.IndexFunc(s.Computed, func(c Computed) bool { return c.Name == name })]
	}
	long := strings.Repeat("x", 65)
	for name, test := range map[string]struct {
		break_ func(s *Schema)
		want   string // after "profile: schema: "; several are lines
	}{
		"no location":        {func(s *Schema) { s.Location = "" }, "location: is missing"},
		"location Local":     {func(s *Schema) { s.Location = "Local" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"unknown location":   {func(s *Schema) { s.Location = "Asia/Atlantis" }, `location: "Asia/Atlantis" is not a time zone known here`},
		"path as location":   {func(s *Schema) { s.Location = "../etc/passwd" }, `location: "../etc/passwd" is not a time zone known here`},
		"path with dots":     {func(s *Schema) { s.Location = "Asia/./Shanghai" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"localtime":          {func(s *Schema) { s.Location = "localtime" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"posixrules":         {func(s *Schema) { s.Location = "posixrules" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"Factory":            {func(s *Schema) { s.Location = "Factory" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"leap seconds":       {func(s *Schema) { s.Location = "right/Asia/Shanghai" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"posix":              {func(s *Schema) { s.Location = "posix/Asia/Shanghai" }, "location: is not the same everywhere: name a zone, such as Asia/Shanghai or UTC"},
		"negative retention": {func(s *Schema) { s.Retention = -1 }, "retention: is not between 0 and 36525"},
		"huge retention":     {func(s *Schema) { s.Retention = 36_526 }, "retention: is not between 0 and 36525"},

		"source without name": {func(s *Schema) { s.Sources = append(s.Sources, Source{}) }, "sources[4].name: is missing"},
		"source twice":        {func(s *Schema) { s.Sources = append(s.Sources, Source{Name: "crm"}) }, "sources[4]: is sources[0] again"},
		"channel not a name":  {func(s *Schema) { s.Sources[1].Channel = "a\nb" }, "sources[1].channel: has control characters"},
		"event without name":  {func(s *Schema) { s.Events = append(s.Events, Event{}) }, "events[4].name: is missing"},
		"event twice":         {func(s *Schema) { s.Events = append(s.Events, Event{Name: "visit"}) }, "events[4]: is events[1] again"},
		"long event":          {func(s *Schema) { s.Events = append(s.Events, Event{Name: long}) }, "events[4].name: has more than 64 bytes"},
		"label not UTF-8":     {func(s *Schema) { s.Events[0].Label.EN = "\xff" }, "events[0].label.en: is not UTF-8"},
		"label long":          {func(s *Schema) { s.Traits[0].Label.ZH = strings.Repeat("长", 400) }, "traits[0].label.zh: has more than 1024 bytes"},
		"field without kind":  {func(s *Schema) { s.Events[2].Fields = append(s.Events[2].Fields, Field{Name: "x"}) }, "events[2].fields[1].kind: is missing, or there is no such"},
		"field with @":        {func(s *Schema) { s.Events[2].Fields = append(s.Events[2].Fields, Field{Name: "@x", Kind: 1}) }, "events[2].fields[1].name: begins with @"},
		"field twice":         {func(s *Schema) { s.Events[2].Fields = append(s.Events[2].Fields, s.Events[2].Fields[0]) }, "events[2].fields[1]: is events[2].fields[0] again"},
		"field sensitivity":   {func(s *Schema) { s.Events[2].Fields[0].Sensitivity = 4 }, "events[2].fields[0].sensitivity: there is no such"},
		"trait without name":  {func(s *Schema) { trait(s, "score").Name = "" }, "traits[6].name: is missing"},
		"trait not UTF-8":     {func(s *Schema) { trait(s, "score").Name = "a\xff" }, "traits[6].name: is not UTF-8"},
		"trait with tab":      {func(s *Schema) { trait(s, "score").Name = "a\tb" }, "traits[6].name: has control characters"},
		"trait of 64 bytes":   {func(s *Schema) { trait(s, "score").Name = long[:64] }, ""},
		"trait twice":         {func(s *Schema) { trait(s, "score").Name = "name" }, "traits[6].name: is that of traits[0]"},
		"computed as trait":   {func(s *Schema) { computed(s, "orders").Name = "city" }, "computed[0].name: is that of traits[2]"},
		"trait customer":      {func(s *Schema) { trait(s, "score").Name = "customer" }, "traits[6].name: is that of the column of ids in exports"},
		"computed customer":   {func(s *Schema) { computed(s, "orders").Name = "customer" }, "computed[0].name: is that of the column of ids in exports"},
		"long policy":         {func(s *Schema) { trait(s, "name").Policy = make([]Rule, 13) }, "traits[0].policy: has more rules than there are"},
		"many sources": {func(s *Schema) {
			for i := range 997 {
				s.Sources = append(s.Sources, Source{Name: strconv.Itoa(i)})
			}
		}, "sources: are more than 1000"},
		"trait kind":           {func(s *Schema) { trait(s, "member").Kind = 8 }, "traits[8].kind: is missing, or there is no such"},
		"trait sensitivity":    {func(s *Schema) { trait(s, "member").Sensitivity = 9 }, "traits[8].sensitivity: there is no such"},
		"negative refresh":     {func(s *Schema) { trait(s, "member").Refresh = -1 }, "traits[8].refresh: is not between 0 and 36525"},
		"unknown source":       {func(s *Schema) { trait(s, "member").Sources = []string{"crm", "erp"} }, `traits[8].sources[1]: "erp" is not one of the schema's`},
		"believed twice":       {func(s *Schema) { trait(s, "member").Sources = []string{"crm", "crm"} }, "traits[8].sources[1]: is traits[8].sources[0] again"},
		"no such rule":         {func(s *Schema) { trait(s, "member").Policy = []Rule{MostRecent, 0} }, "traits[8].policy[1]: there is no such rule"},
		"rule of the future":   {func(s *Schema) { trait(s, "member").Policy = []Rule{Custom + 1} }, "traits[8].policy[0]: there is no such rule"},
		"rule twice":           {func(s *Schema) { trait(s, "member").Policy = []Rule{Majority, MostRecent, Majority} }, "traits[8].policy[2]: majority is there already"},
		"recent and oldest":    {func(s *Schema) { trait(s, "member").Policy = []Rule{MostRecent, Oldest} }, "traits[8].policy[1]: oldest contradicts most_recent"},
		"smallest and largest": {func(s *Schema) { trait(s, "score").Policy = []Rule{Largest, Smallest} }, "traits[6].policy[1]: smallest contradicts largest"},
		"union not last":       {func(s *Schema) { trait(s, "phone").Policy = []Rule{Union, MostRecent} }, "traits[1].policy[0]: union is not the last"},
		"union of bool":        {func(s *Schema) { trait(s, "member").Policy = []Rule{Union} }, "traits[8].policy[0]: union is not for bool"},
		"total not last":       {func(s *Schema) { trait(s, "points").Policy = []Rule{Total, Majority} }, "traits[4].policy[0]: total is not the last"},
		"total of float":       {func(s *Schema) { trait(s, "score").Policy = []Rule{Total} }, "traits[6].policy[0]: total is not for float64"},
		"smallest text":        {func(s *Schema) { trait(s, "name").Policy = []Rule{Smallest} }, "traits[0].policy[0]: smallest is not for text"},
		"largest bool":         {func(s *Schema) { trait(s, "member").Policy = []Rule{Largest} }, "traits[8].policy[0]: largest is not for bool"},
		"complete number":      {func(s *Schema) { trait(s, "points").Policy = []Rule{MostComplete} }, "traits[4].policy[0]: most_complete is not for int64"},
		"custom not last":      {func(s *Schema) { trait(s, "city").Policy = []Rule{Custom, Majority} }, "traits[2].policy[0]: custom is not the last"},
		"custom unnamed":       {func(s *Schema) { trait(s, "city").Custom = "" }, "traits[2].custom: is missing"},
		"custom without":       {func(s *Schema) { trait(s, "name").Custom = "first" }, "traits[0].custom: is for the rule custom only"},
		"cap without union":    {func(s *Schema) { trait(s, "name").Cap = 1 }, "traits[0].cap: is for a union only"},
		"negative cap":         {func(s *Schema) { trait(s, "phone").Cap = -1 }, "traits[1].cap: is negative"},

		"bound of text":       {func(s *Schema) { trait(s, "name").Check.Least = text("a") }, "traits[0].check.least: is not for text"},
		"bound of bool":       {func(s *Schema) { trait(s, "member").Check.Most = customer.BoolValue(true) }, "traits[8].check.most: is not for bool"},
		"bound of other kind": {func(s *Schema) { trait(s, "points").Check.Most = decimal(15, 1) }, "traits[4].check.most: is of kind decimal, not int64"},
		"bound not valid":     {func(s *Schema) { trait(s, "score").Check.Least = float(math.NaN()) }, "traits[6].check.least: is not valid"},
		"bounds crossed":      {func(s *Schema) { trait(s, "limit").Check.Least = decimal(99996, 1) }, "traits[5].check: nothing lies between least and most"},
		"bounds equal":        {func(s *Schema) { trait(s, "limit").Check.Least = decimal(99995, 1) }, ""},
		"scale":               {func(s *Schema) { trait(s, "limit").Check.Scale = 18 }, ""},
		"scale below 0":       {func(s *Schema) { trait(s, "limit").Check.Scale = -1 }, "traits[5].check.scale: is not 0 to 18"},
		"scale above 18":      {func(s *Schema) { trait(s, "points").Check.Scale = 19 }, "traits[4].check.scale: is not 0 to 18"},
		"scale of number":     {func(s *Schema) { trait(s, "points").Check.Scale = 2 }, "traits[4].check.scale: is not for int64"},
		"pattern of number":   {func(s *Schema) { trait(s, "points").Check.Pattern = "x" }, "traits[4].check.pattern: is not for int64"},
		"pattern broken":      {func(s *Schema) { trait(s, "name").Check.Pattern = "a)(b" }, "traits[0].check.pattern: is not a regular expression: \"error parsing regexp: unexpected ): `a)(b`\""},
		"pattern open quote":  {func(s *Schema) { trait(s, "name").Check.Pattern = `\Qab` }, ""},
		"pattern not UTF-8":   {func(s *Schema) { trait(s, "name").Check.Pattern = "\xff" }, "traits[0].check.pattern: is not UTF-8\ntraits[0].check.pattern: is not a regular expression: \"error parsing regexp: invalid UTF-8: `\\xff`\""},
		"in of number":        {func(s *Schema) { trait(s, "points").Check.In = []string{"x"} }, "traits[4].check.in: is not for int64"},
		"in twice":            {func(s *Schema) { trait(s, "likes").Check.In = []string{"tea", "tea"} }, "traits[3].check.in[1]: is traits[3].check.in[0] again"},
		"in empty label":      {func(s *Schema) { trait(s, "likes").Check.In = []string{""} }, "traits[3].check.in[0]: is empty, which no label is"},
		"in not UTF-8":        {func(s *Schema) { trait(s, "likes").Check.In = []string{"\xff"} }, "traits[3].check.in[0]: is not UTF-8"},

		"no aggregate":       {func(s *Schema) { computed(s, "orders").Of = 0 }, "computed[0].of: is missing, or there is no such"},
		"no events":          {func(s *Schema) { computed(s, "orders").Events = nil }, "computed[0].events: there is none"},
		"unknown event":      {func(s *Schema) { computed(s, "orders").Events = []string{"oder"} }, `computed[0].events[0]: "oder" is not one of the schema's`},
		"event listed twice": {func(s *Schema) { computed(s, "orders").Events = []string{"order", "order"} }, "computed[0].events[1]: is computed[0].events[0] again"},
		"count of a field":   {func(s *Schema) { computed(s, "orders").Field = "amount" }, "computed[0].field: is not for count, which looks at events as such"},
		"sum of nothing":     {func(s *Schema) { computed(s, "spent").Field = "" }, "computed[1].field: is missing"},
		"sum of float":       {func(s *Schema) { computed(s, "spent").Field = "weight" }, "computed[1].field: sums of float64 depend on the order of adding: declare the field as decimal or int64"},
		"average of float":   {func(s *Schema) { computed(s, "average").Field = "weight" }, "computed[2].field: sums of float64 depend on the order of adding: declare the field as decimal or int64"},
		"sum of text":        {func(s *Schema) { computed(s, "spent").Field = "brand" }, "computed[1].field: sum is not for text"},
		"sum of unknown":     {func(s *Schema) { computed(s, "spent").Field = "amout" }, `computed[1].field: event "order" has no field "amout"`},
		"sum of two kinds":   {func(s *Schema) { computed(s, "spent").Events = []string{"order", "visit"} }, `computed[1].field: field "amount" is of kind decimal in event "visit", and of int64 in another`},
		"max of labels":      {func(s *Schema) { computed(s, "heaviest").Field = "tags" }, "computed[5].field: max is not for labels"},
		"max of bool":        {func(s *Schema) { computed(s, "heaviest").Field = "gift" }, "computed[5].field: max is not for bool"},
		"max of text":        {func(s *Schema) { computed(s, "heaviest").Field = "@channel" }, ""},
		"quantile of time":   {func(s *Schema) { computed(s, "median").Field = "due" }, "computed[8].field: quantile is not for time"},
		"share of number":    {func(s *Schema) { computed(s, "gifts").Field = "amount" }, "computed[9].field: share is not for int64"},
		"top of number":      {func(s *Schema) { computed(s, "top_tags").Field = "amount" }, "computed[7].field: top is not for int64: divide it into bands"},
		"top of @event":      {func(s *Schema) { computed(s, "top_tags").Field = "@event" }, ""},
		"top of @time":       {func(s *Schema) { computed(s, "top_tags").Field = "@time" }, "computed[7].field: top is not for time"},
		"field with wrong @": {func(s *Schema) { computed(s, "last").Field = "@day" }, "computed[3].field: event \"order\" has no field \"@day\"\ncomputed[3].field: event \"visit\" has no field \"@day\""},
		"lifecycle of field": {func(s *Schema) { computed(s, "stage").Field = "brand" }, "computed[10].field: is not for lifecycle, which looks at events as such"},

		"values seen by more": {func(s *Schema) { s.Events[0].Fields[4].Sensitivity = Internal; computed(s, "heaviest").Field = "brand" }, `computed[5].sensitivity: is public, but max shows values of field "brand", which is internal`},
		"labels seen by more": {func(s *Schema) {
			s.Events[0].Fields[5].Sensitivity, computed(s, "top_tags").Sensitivity = Sensitive, Personal
		}, `computed[7].sensitivity: is personal, but top shows values of field "tags", which is sensitive`},
		"bands seen by more": {func(s *Schema) { s.Events[0].Fields[2].Sensitivity = Personal }, `computed[11].sensitivity: is public, but affinity shows values of field "price", which is personal`},
		"strictest of events": {func(s *Schema) {
			s.Events[1].Fields[0].Sensitivity = Personal
			c := computed(s, "last")
			c.Field, c.Sensitivity = "brand", Internal
		}, `computed[3].sensitivity: is internal, but last shows values of field "brand", which is personal`},
		"values seen by as many": {func(s *Schema) {
			s.Events[0].Fields[5].Sensitivity, computed(s, "top_tags").Sensitivity = Personal, Sensitive
		}, ""},
		"counts show no values": {func(s *Schema) {
			s.Events[0].Fields[4].Sensitivity, s.Events[0].Fields[6].Sensitivity = Sensitive, Sensitive
		}, ""},
		"conditions show no values": {func(s *Schema) {
			s.Events[0].Fields[2].Sensitivity = Internal
			computed(s, "bands").Sensitivity = Internal
		}, ""},

		"both windows":       {func(s *Schema) { computed(s, "orders").Window.Hours = 1 }, "computed[0].window: has days and hours"},
		"negative days":      {func(s *Schema) { computed(s, "orders").Window.Days = -1 }, "computed[0].window.days: is not between 0 and 36525"},
		"too many hours":     {func(s *Schema) { computed(s, "heaviest").Window.Hours = 8785 }, "computed[5].window.hours: is not between 0 and 8784"},
		"window lifecycle":   {func(s *Schema) { computed(s, "stage").Window.Days = 1 }, "computed[10].window: is not for lifecycle"},
		"window of affinity": {func(s *Schema) { computed(s, "bands").Window.Days = 1 }, "computed[11].window: is not for affinity"},
		"days of a pair":     {func(s *Schema) { computed(s, "solving").Window.Days = 90 }, ""},
		"hours of a pair":    {func(s *Schema) { computed(s, "solving").Window.Hours = 24 }, ""},
		"windows of a pair":  {func(s *Schema) { computed(s, "solving").Window = Window{1, 1} }, "computed[12].window: has days and hours"},
		"limit of count":     {func(s *Schema) { computed(s, "orders").Limit = 1 }, "computed[0].limit: is not for count"},
		"negative limit":     {func(s *Schema) { computed(s, "top_tags").Limit = -1 }, "computed[7].limit: is not between 0 and 1000"},
		"no quantile":        {func(s *Schema) { computed(s, "median").Quantile = 0 }, "computed[8].quantile: is not between 0 and 1"},
		"quantile 1":         {func(s *Schema) { computed(s, "median").Quantile = 1 }, "computed[8].quantile: is not between 0 and 1"},
		"quantile NaN":       {func(s *Schema) { computed(s, "median").Quantile = math.NaN() }, "computed[8].quantile: is not between 0 and 1"},
		"quantile of count":  {func(s *Schema) { computed(s, "orders").Quantile = 0.5 }, "computed[0].quantile: is not for count"},
		"stages of count":    {func(s *Schema) { computed(s, "orders").Stages = DefaultStages() }, "computed[0].stages: is not for count"},
		"stage unnamed":      {func(s *Schema) { computed(s, "stage").Stages[0].Name = "" }, "computed[10].stages[0].name: is missing"},
		"stage twice":        {func(s *Schema) { computed(s, "stage").Stages[1].Name = "new" }, "computed[10].stages[1]: is computed[10].stages[0] again"},
		"stage negative":     {func(s *Schema) { computed(s, "stage").Stages[0].First = -1 }, "computed[10].stages[0].first: is not between 0 and 36525"},
		"stage hides others": {func(s *Schema) { computed(s, "stage").Stages[0].First = 0 }, "computed[10].stages[0]: fits always, so that none after it can"},

		"taste of count":    {func(s *Schema) { computed(s, "orders").Taste = &Taste{} }, "computed[0].taste: is not for count"},
		"half life":         {func(s *Schema) { computed(s, "bands").Taste.HalfLife = -1 }, "computed[11].taste.half_life: is not between 0 and 36525"},
		"strength NaN":      {func(s *Schema) { computed(s, "bands").Taste.Strength = math.NaN() }, "computed[11].taste.strength: is not finite"},
		"strength infinite": {func(s *Schema) { computed(s, "bands").Taste.Strength = math.Inf(-1) }, "computed[11].taste.strength: is not finite"},
		"no prior":          {func(s *Schema) { computed(s, "bands").Taste.Strength = -1 }, ""},
		"least NaN":         {func(s *Schema) { computed(s, "bands").Taste.Least = math.NaN() }, "computed[11].taste.least: is not between 0 and 1"},
		"least above 1":     {func(s *Schema) { computed(s, "bands").Taste.Least = 1.01 }, "computed[11].taste.least: is not between 0 and 1"},
		"prior negative":    {func(s *Schema) { computed(s, "bands").Taste.Prior["low"] = -0.1 }, "computed[11].taste.prior (value 1 in order): is not between 0 and 1"},
		"prior NaN":         {func(s *Schema) { computed(s, "bands").Taste.Prior["high"] = math.NaN() }, "computed[11].taste.prior (value 0 in order): is not between 0 and 1"},
		"prior above 1":     {func(s *Schema) { computed(s, "bands").Taste.Prior["low"] = 0.8 }, "computed[11].taste.prior: shares are more than 1 in all"},
		"prior of labels":   {func(s *Schema) { c := computed(s, "bands"); c.Field, c.Bands, c.Taste.Prior["low"] = "tags", nil, 0.8 }, ""},
		"prior not UTF-8":   {func(s *Schema) { computed(s, "bands").Taste.Prior["\xff"] = 0.1 }, "computed[11].taste.prior (value 2 in order): is empty or not UTF-8"},

		"bands of sum":       {func(s *Schema) { computed(s, "spent").Bands = []Band{{Name: "x"}} }, "computed[1].bands: are not for sum"},
		"bands of count":     {func(s *Schema) { computed(s, "orders").Bands = []Band{{Name: "x"}} }, "computed[0].bands: are not for count"},
		"bands of text":      {func(s *Schema) { computed(s, "brands").Bands = []Band{{Name: "x"}} }, "computed[6].bands: are not for text"},
		"band unnamed":       {func(s *Schema) { computed(s, "bands").Bands[1].Name = "" }, "computed[11].bands[1].name: is missing"},
		"band twice":         {func(s *Schema) { computed(s, "bands").Bands[1].Name = "low" }, "computed[11].bands[1]: is computed[11].bands[0] again"},
		"band without end":   {func(s *Schema) { computed(s, "bands").Bands[0].Below = customer.Value{} }, "computed[11].bands[0].below: is missing in other than the last"},
		"band of other kind": {func(s *Schema) { computed(s, "bands").Bands[0].Below = float(1) }, "computed[11].bands[0].below: is of kind float64, not decimal"},
		"bands not upwards":  {func(s *Schema) { computed(s, "bands").Bands[1].Below = number(10) }, "computed[11].bands[1].below: is not above that of the band before"},
		"last band ends":     {func(s *Schema) { computed(s, "bands").Bands[2].Below = number(1000) }, ""},

		"pair of sum":         {func(s *Schema) { computed(s, "solving").Of = Sum }, "computed[12].pair: is not for sum"},
		"pair with field":     {func(s *Schema) { computed(s, "solving").Field = "ticket" }, "computed[12].field: is not for a pair, of which the time between is aggregated"},
		"pair with bands":     {func(s *Schema) { computed(s, "solving").Bands = []Band{{Name: "x"}} }, "computed[12].bands: are not for a pair"},
		"pair without end":    {func(s *Schema) { computed(s, "solving").Pair.Until = nil }, "computed[12].pair.until: there is none"},
		"pair with itself":    {func(s *Schema) { computed(s, "solving").Pair.Until = []string{"opened"} }, `computed[12].pair.until[0]: "opened" is one of the events that begin`},
		"pair until unknown":  {func(s *Schema) { computed(s, "solving").Pair.Until = []string{"sold"} }, `computed[12].pair.until[0]: "sold" is not one of the schema's`},
		"pair by nothing":     {func(s *Schema) { computed(s, "solving").Pair.By = "" }, "computed[12].pair.by: is missing"},
		"pair by not shared":  {func(s *Schema) { computed(s, "solving").Pair.Until = []string{"visit"} }, `computed[12].pair.by: event "visit" has no field "ticket"`},
		"pair by @source":     {func(s *Schema) { computed(s, "solving").Pair.By = "@source" }, "computed[12].pair.by: event \"opened\" has no field \"@source\"\ncomputed[12].pair.by: event \"solved\" has no field \"@source\""},
		"pair of other kinds": {func(s *Schema) { s.Events[3].Fields[0].Kind = customer.KindInt64 }, `computed[12].pair.by: field "ticket" is of kind int64 in event "solved", and of text in another`},

		"condition unnamed":       {func(s *Schema) { computed(s, "spent").Where[0].Field = "" }, "computed[1].where[0].field: is missing"},
		"condition unknown":       {func(s *Schema) { computed(s, "spent").Where[0].Field = "color" }, `computed[1].where[0].field: none of the events has "color"`},
		"condition on @time":      {func(s *Schema) { computed(s, "spent").Where[0].Field = "@time" }, "computed[1].where[0].field: @time is not for conditions: use a window"},
		"condition empty":         {func(s *Schema) { computed(s, "spent").Where[0].In = nil }, "computed[1].where[0]: asks for nothing"},
		"condition kind":          {func(s *Schema) { computed(s, "spent").Where[0].In[0] = number(1) }, "computed[1].where[0].in[0]: is of kind int64, not text"},
		"condition unset":         {func(s *Schema) { computed(s, "spent").Where[0].In[0] = customer.Value{} }, "computed[1].where[0].in[0]: is of kind unset, not text"},
		"condition labels":        {func(s *Schema) { computed(s, "spent").Where[1].NotIn[0] = customer.LabelsValue("test") }, "computed[1].where[1].not_in[0]: is of kind labels, not text"},
		"condition bounds text":   {func(s *Schema) { computed(s, "spent").Where[0].AtLeast = text("a") }, "computed[1].where[0].at_least: is not for text"},
		"condition bounds equal":  {func(s *Schema) { computed(s, "spent").Where[2].Below = number(1) }, "computed[1].where[2]: nothing lies between at_least and below"},
		"condition on two kinds":  {func(s *Schema) { computed(s, "last").Where = []Condition{{Field: "amount", AtLeast: number(1)}} }, `computed[3].where[0].field: "amount" is of kind decimal in event "visit", and of int64 in another`},
		"condition some have not": {func(s *Schema) { computed(s, "last").Where = []Condition{{Field: "price", AtLeast: number(1)}} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := shopSchema()
			test.break_(s)
			err := s.Validate()
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrSchema)
			require.Equal(t, "profile: schema: "+strings.ReplaceAll(test.want, "\n", "\nprofile: schema: "), err.Error())
		})
	}
	require.EqualError(t, (&Schema{Location: "UTC"}).Validate(), "profile: schema: sources: there is none")
}

func TestSchemaFaultsTogether(t *testing.T) {
	s := shopSchema()
	s.Location, s.Traits[0].Kind, s.Computed[0].Of = "", 0, 0
	require.EqualError(t, s.Validate(), `profile: schema: location: is missing
profile: schema: traits[0].kind: is missing, or there is no such
profile: schema: computed[0].of: is missing, or there is no such`)
}

func TestSchemaTooLarge(t *testing.T) {
	s := shopSchema()
	for i := range 600 {
		s.Traits = append(s.Traits, Trait{Name: "t" + string(rune('一'+i)), Kind: customer.KindText, Label: customer.Text{EN: strings.Repeat("x", 1000)}})
	}
	require.EqualError(t, s.Validate(), "profile: schema: schema: has more than 524288 bytes as JSON")
}

// What a large schema takes does not grow with the cube of its size. The bound is far above
// what it takes, and below what that would.
func TestSchemaValidatesQuickly(t *testing.T) {
	race.Skip(t)
	const events = 8000
	s := &Schema{Location: "UTC", Sources: []Source{{Name: "a"}}, Computed: []Computed{{Name: "c", Of: Count}}}
	c := &s.Computed[0]
	for i := range events {
		name := "e" + strconv.Itoa(i)
		s.Events = append(s.Events, Event{Name: name, Fields: []Field{{Name: "x", Kind: customer.KindText}}})
		c.Events = append(c.Events, name)
	}
	asks := Condition{Field: "x", In: []customer.Value{customer.TextValue("a")}}
	for range 100 {
		c.Where = append(c.Where, asks)
	}
	begin := time.Now()
	require.NoError(t, s.Validate())
	b, err := bind(s, 1, nil, nil)
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 20*time.Second)
	require.Same(t, b.readings[0][0].where[0].demand, b.readings[events-1][0].where[0].demand, "made once")
	for len(c.Where)*events <= maxWhere {
		c.Where = append(c.Where, asks)
	}
	require.EqualError(t, s.Validate(), "profile: schema: computed: events by conditions are more than 1048576 in all")
}

func TestSchemaJSON(t *testing.T) {
	s := shopSchema()
	data, err := s.data()
	require.NoError(t, err)
	var read Schema
	require.NoError(t, json.Unmarshal(data, &read))
	require.Equal(t, s, &read)
	again, err := read.data()
	require.NoError(t, err)
	require.Equal(t, string(data), string(again))

	for name, test := range map[string]struct{ data, want string }{
		"unknown member":      {`{"location":"UTC","sources":[{"name":"s"}],"retentoin":3}`, `profile: schema: json: unknown field "retentoin"`},
		"unknown deep member": {`{"location":"UTC","sources":[{"name":"s","channels":"x"}]}`, `profile: schema: json: unknown field "channels"`},
		"unknown policy":      {`{"location":"UTC","sources":[{"name":"s"}],"traits":[{"name":"a","kind":"text","policy":["newest"]}]}`, "profile: schema: unknown rule \"newest\": not one of most_recent, oldest, source_priority, verified_first, most_complete, majority, smallest, largest, union, total, custom"},
		"unknown kind":        {`{"location":"UTC","sources":[{"name":"s"}],"traits":[{"name":"a","kind":"string"}]}`, "profile: schema: customer: unknown kind: not one of unset, bool, int64, float64, decimal, time, text, labels"},
		"unknown aggregate":   {`{"location":"UTC","sources":[{"name":"s"}],"computed":[{"name":"a","of":"mode"}]}`, "profile: schema: unknown aggregate \"mode\": not one of count, sum, average, first, last, min, max, distinct, top, quantile, share, lifecycle, affinity"},
		"unknown sensitivity": {`{"location":"UTC","sources":[{"name":"s"}],"traits":[{"name":"a","kind":"text","sensitivity":"secret"}]}`, "profile: schema: unknown sensitivity \"secret\": not one of public, internal, personal, sensitive"},
		"not UTF-8":           {"{\"location\":\"\xff\"}", "profile: schema: JSON is not UTF-8"},
		"more":                {`{"location":"UTC","sources":[{"name":"s"}]} {}`, "profile: schema: there is more after the JSON"},
		"not valid":           {`{"location":"UTC","sources":[]}`, "profile: schema: sources: there is none"},
		"null":                {`null`, "profile: schema: location: is missing\nprofile: schema: sources: there is none"},
	} {
		t.Run(name, func(t *testing.T) {
			read := Schema{Location: "Europe/Paris"}
			err := read.UnmarshalJSON([]byte(test.data))
			require.ErrorIs(t, err, ErrSchema)
			require.EqualError(t, err, test.want)
			require.Equal(t, Schema{Location: "Europe/Paris"}, read)
		})
	}
}

// What is valid JSON of a schema is bound without a panic, and has one form.
func FuzzSchema(f *testing.F) {
	data, err := shopSchema().data()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"location":"UTC","sources":[{"name":"s"}]}`))
	f.Add([]byte(`{"location":"UTC","sources":[{"name":"s"}],"events":[{"name":"e","fields":[{"name":"f","kind":"int64"}]}],` +
		`"computed":[{"name":"c","of":"top","events":["e"],"field":"f","bands":[{"name":"b","below":3}]}]}`))
	f.Add([]byte(`{"location":"UTC","sources":[{"name":"s"}],"traits":[{"name":"a","kind":"text","policy":["custom"],"custom":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Schema
		if json.Unmarshal(data, &s) != nil {
			return
		}
		require.NoError(t, s.Validate())
		form, err := s.data()
		require.NoError(t, err)
		var read Schema
		require.NoError(t, json.Unmarshal(form, &read))
		again, err := read.data()
		require.NoError(t, err)
		require.Equal(t, form, again)
		b, err := bind(&s, 1, nil, shopCustom)
		if err != nil {
			require.ErrorIs(t, err, ErrSchema)
			return
		}
		c, err := bind(&read, 2, b.names, shopCustom)
		require.NoError(t, err)
		require.Equal(t, b.names, c.names)
		require.Equal(t, b.fingerprint, c.fingerprint)
	})
}

// randomSchema draws a valid schema of few names, so that they come and go.
func randomSchema(r *rand.Rand) *Schema {
	letters := func() (names []string) {
		for name := range strings.SplitSeq("abcdef", "") {
			if r.IntN(2) == 0 {
				names = append(names, name)
			}
		}
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		return names
	}
	kind := func() customer.Kind { return customer.KindBool + customer.Kind(r.IntN(int(customer.KindLabels))) }
	s := &Schema{Location: "UTC", Sources: []Source{{Name: "x"}}}
	for _, name := range letters() {
		s.Sources = append(s.Sources, Source{Name: name})
	}
	for _, name := range letters() {
		s.Traits = append(s.Traits, Trait{Name: name, Kind: kind()})
	}
	for _, name := range letters() {
		e := Event{Name: name}
		for _, field := range letters() {
			e.Fields = append(e.Fields, Field{Name: field, Kind: kind()})
		}
		s.Events = append(s.Events, e)
		for _, f := range e.Fields {
			s.Computed = append(s.Computed, Computed{Name: name + "." + f.Name, Of: First, Events: []string{name}, Field: f.Name})
		}
	}
	return s
}
