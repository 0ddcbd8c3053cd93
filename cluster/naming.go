package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clientele-go/clientele/table"
)

// Text is a text in English and Chinese. A plain value: safe for concurrent reads.
type Text struct {
	EN string `json:"en,omitempty"` // English
	ZH string `json:"zh,omitempty"` // Chinese
}

// Words are what is said of a group whose values in a column are low or high. A plain
// value: safe for concurrent reads.
type Words struct {
	Low, High Text
}

// Naming says how groups are named.
//
// A group gets a word for a number column in which its Position is at most 1/3 ("low") or
// at least 2/3 ("high"), and for a category column of which a level has a share that is
// larger by a third or more than that in the base: the level itself, behind the name of the
// column where it says nothing alone: a number, yes, no, true, false and their first
// letters, 是, 否, or a level that another column has as well. Of these columns those
// that separate best are taken, Words of them, and written in the order of the table. A
// group without any is "average", one without rows "empty". Names are unique: groups
// that would be of the same name say "very" where Position is at most 0.1 or at least 0.9,
// then one by one more words, at last weaker ones (Position at most 0.45 or at least 0.55,
// a share of a level larger by a tenth), and if all that is not enough they get a
// number behind, in the order of their labels.
//
// The class of value of a group looks at the Position of recency and of value, which is
// money, or frequency where there is no money:
//
//	high value 高价值   recency below 0.5, value above 0.5
//	potential 潜力      recency below 0.5, other value
//	at risk 风险        other recency, value or frequency above 0.5
//	infrequent 低频     all others
//
// A plain value: safe for concurrent reads.
type Naming struct {
	// Columns has the words of number columns by name, for those whose name says nothing or
	// something else. An empty text says nothing; one that is empty in one language says
	// there what it would without Columns. The names of other columns, in snake, camel or
	// spaced form, are read word by word, in this order:
	//
	//	nothing                score, rank, ranking, rating, grade, percentile, quantile, quintile,
	//	                       decile, between, interval, gap; returns or discounts with recency
	//	tenure                 recency or since, with first, signup, registered, registration,
	//	                       joined, created or opened
	//	recency                recency, inactive, silent, idle, since
	//	returns                refund(s), return(s), returned
	//	discounts              discount(s), coupon(s)
	//	the size of an order   aov, basket, ticket; average, avg or mean with money
	//	money                  monetary, money, revenue, spend, spending, spent, sales, amount,
	//	                       value, ltv, gmv
	//	frequency              frequency, orders, purchases, visits, transactions
	//	tenure                 tenure, lifetime
	//
	// Chinese names are read likewise: 得分, 评分, 分数, 打分, 排名, 等级, 间隔; 距今 with 首次,
	// 首单, 第一次, 注册, 入会, 开户; 距今, 最近一次, 未购; 退货, 退款; 优惠, 折扣; 客单价, 平均 with money;
	// 金额, 消费额, 销售额; 频次, 频率, 次数, 订单数; 会员时长. What is left, or says nothing, is "low
	// x" and "high x", x低 and x高. Since and 最近一次 are not read where money or frequency is
	// counted since: without day(s), week(s), month(s), year(s), hour(s), time, last, 天, 日, 周,
	// 月, 年, 时间 or 距今. [Describe] refuses names of columns that are not there.
	Columns map[string]Words
	// Recency, Frequency and Monetary name the columns that classes of value are made of.
	// Empty: the first that is read as such. [Describe] refuses any that are not number
	// columns of the table.
	Recency, Frequency, Monetary string
	// Words is the largest number of words in a name, unless more are needed. 0: 3.
	Words int
}

// columnRole is what a column means.
type columnRole int

const (
	otherRole columnRole = iota
	recencyRole
	frequencyRole
	monetaryRole
)

// columnRoles are tried in this order: a name has one of words, and one of with if there are
// any. Nothing said: the name says nothing.
var columnRoles = []struct {
	role        columnRole
	words, with []string
	said        Words
}{
	{words: []string{
		"score", "scores", "rank", "ranking", "rating", "grade", "percentile", "quantile", "quintile", "decile", "between", "interval", "gap",
		"得分", "评分", "分数", "打分", "排名", "等级", "间隔",
	}},
	{words: slices.Concat(returnWords, discountWords), with: recencyWords},
	{words: []string{"recency", "since", "距今"}, with: firstWords, said: tenureSaid},
	{role: recencyRole, words: recencyWords, said: Words{Text{"recent", "近期活跃"}, Text{"long ago", "久未购买"}}},
	{words: returnWords, said: Words{Text{"few returns", "退货少"}, Text{"many returns", "退货多"}}},
	{words: discountWords, said: Words{Text{"few discounts", "少用优惠"}, Text{"many discounts", "多用优惠"}}},
	{words: []string{"aov", "basket", "ticket", "客单价"}, said: orderSize},
	{words: []string{"average", "avg", "mean", "平均"}, with: moneyWords, said: orderSize},
	{role: monetaryRole, words: moneyWords, said: Words{Text{"low spend", "低消费"}, Text{"high spend", "高消费"}}},
	{role: frequencyRole, words: frequencyWords, said: Words{Text{"infrequent", "低频"}, Text{"frequent", "高频"}}},
	{words: []string{"tenure", "lifetime", "会员时长"}, said: tenureSaid},
}

var (
	moneyWords     = []string{"monetary", "money", "revenue", "spend", "spending", "spent", "sales", "amount", "value", "ltv", "gmv", "金额", "消费额", "销售额"}
	frequencyWords = []string{"frequency", "orders", "purchases", "visits", "transactions", "频次", "频率", "次数", "订单数"}
	recencyWords   = []string{"recency", "inactive", "silent", "idle", "since", "距今", "最近一次", "未购"}
	returnWords    = []string{"refund", "refunds", "return", "returns", "returned", "退货", "退款"}
	discountWords  = []string{"discount", "discounts", "coupon", "coupons", "优惠", "折扣"}
	firstWords     = []string{"first", "signup", "registered", "registration", "joined", "created", "opened", "首次", "首单", "第一次", "注册", "入会", "开户"}
	// With timeWords, money and frequency are what a time is since; without, they are what
	// was counted since, or at the last time.
	timeWords = []string{
		"day", "days", "week", "weeks", "month", "months", "year", "years", "hour", "hours", "time", "last", "天", "日", "周", "月", "年", "时间", "距今",
	}
	countedSince = []string{"since", "最近一次"}

	tenureSaid = Words{Text{"new", "新客"}, Text{"long-standing", "老客"}}
	orderSize  = Words{Text{"small orders", "低客单价"}, Text{"large orders", "高客单价"}}
)

var classTexts = struct{ high, potential, infrequent, risk Text }{
	Text{"high value", "高价值"},
	Text{"potential", "潜力"},
	Text{"infrequent", "低频"},
	Text{"at risk", "风险"},
}

// readColumn tells what a column means by its name, and its words, which are plain where the
// name says nothing.
func readColumn(name string) (r columnRole, words Words, plain bool) {
	tokens := nameTokens(name)
	var skip []string
	has := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return !slices.Contains(skip, w) && (slices.Contains(tokens, w) || w[0] >= utf8.RuneSelf && strings.Contains(name, w))
		})
	}
	if (has(moneyWords) || has(frequencyWords)) && !has(timeWords) {
		skip = countedSince
	}
	for _, r := range columnRoles {
		if has(r.words) && (r.with == nil || has(r.with)) {
			if r.said == (Words{}) {
				break
			}
			return r.role, r.said, false
		}
	}
	spaced := spacedName(name)
	return otherRole, Words{Text{"low " + spaced, spaced + "低"}, Text{"high " + spaced, spaced + "高"}}, true
}

// spacedName is a name with spaces for underscores.
func spacedName(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '_' || unicode.IsSpace(r) }), " ")
}

// nameTokens are the words of a name, in lower case.
func nameTokens(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte(' ')
		}
		before = r
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) })
}

// nameWord is what may be said of a group.
type nameWord struct {
	column int
	text   Text
	very   Text // the same of an extreme position; elsewhere as text
	strong bool
}

// speech is what is said of a group: the first of its words, with degrees or without.
type speech struct {
	words []nameWord
	said  int
	very  bool
}

// check returns an error that names what the table does not have.
func (n *Naming) check(columns []table.Column) error {
	if n == nil {
		return nil
	}
	var faults []error
	check := func(field, name string, number bool) {
		if !slices.ContainsFunc(columns, func(c table.Column) bool { return c.Name == name && (!number || c.Kind == table.Number) }) {
			faults = append(faults, fmt.Errorf("%w: DescribeOptions.Naming.%s: %w: %q", ErrOptions, field, table.ErrNoColumn, name))
		}
	}
	for _, c := range []struct{ field, name string }{{"Recency", n.Recency}, {"Frequency", n.Frequency}, {"Monetary", n.Monetary}} {
		if c.name != "" {
			check(c.field, c.name, true)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.Columns)) {
		check("Columns", name, false)
	}
	return errors.Join(faults...)
}

// name fills the names and classes of groups; shared are the levels of several columns.
func (n *Naming) name(d *Description, shared map[string]bool) {
	if n == nil {
		n = &Naming{}
	}
	most := n.Words
	if most == 0 {
		most = 3
	}
	speeches := make([]speech, len(d.Groups))
	for g := range d.Groups {
		s := &speeches[g]
		s.words = n.words(&d.Groups[g], shared)
		for s.said < min(most, len(s.words)) && s.words[s.said].strong {
			s.said++
		}
		d.Groups[g].Name = s.name(&d.Groups[g])
		d.Groups[g].Class = n.class(&d.Groups[g])
	}
	for again := true; again; {
		again = false
		for _, g := range namesakes(d.Groups) {
			switch s := &speeches[g]; {
			case !s.very:
				s.very, again = true, true
			case s.said < len(s.words):
				s.said++
				again = true
			}
			d.Groups[g].Name = speeches[g].name(&d.Groups[g])
		}
	}
	// Groups that are still of one name have said all they can.
	taken := map[string]bool{}
	for g := range d.Groups {
		name := &d.Groups[g].Name
		plain := *name
		for i := 2; taken["EN "+name.EN] || taken["ZH "+name.ZH]; i++ {
			name.EN, name.ZH = fmt.Sprintf("%s (%d)", plain.EN, i), fmt.Sprintf("%s（%d）", plain.ZH, i)
		}
		taken["EN "+name.EN], taken["ZH "+name.ZH] = true, true
	}
}

// namesakes are the groups that have the name of another, in one of the languages.
func namesakes(groups []Group) []int {
	en, zh := map[string]int{}, map[string]int{}
	for i := range groups {
		en[groups[i].Name.EN]++
		zh[groups[i].Name.ZH]++
	}
	var all []int
	for i := range groups {
		if en[groups[i].Name.EN] > 1 || zh[groups[i].Name.ZH] > 1 {
			all = append(all, i)
		}
	}
	return all
}

// words are all words of a group, the strong ones first, those of columns that separate
// better first, none twice in either language.
func (n *Naming) words(g *Group, shared map[string]bool) []nameWord {
	var all []nameWord
	for _, strong := range []bool{true, false} {
		for _, i := range g.Separating {
			text := n.word(&g.Columns[i], strong, shared)
			said := func(w nameWord) bool { return w.column == i || w.text.EN == text.EN || w.text.ZH == text.ZH }
			if text != (Text{}) && !slices.ContainsFunc(all, said) {
				all = append(all, nameWord{i, text, n.very(&g.Columns[i], text), strong})
			}
		}
	}
	return all
}

// word is what is to be said of a column: empty if there is nothing, otherwise in both
// languages.
func (n *Naming) word(p *ColumnProfile, strong bool, shared map[string]bool) Text {
	if p.Kind == table.Category {
		for _, l := range p.Levels {
			if difference := l.Share - l.BaseShare; strong && difference >= 1.0/3 || !strong && difference >= 0.1 {
				if shared[l.Level] || vagueLevel(l.Level) {
					column := spacedName(p.Column)
					return Text{column + " " + l.Level, column + "：" + l.Level}
				}
				return Text{l.Level, l.Level}
			}
		}
		return Text{}
	}
	low, high := 1.0/3, 2.0/3
	if !strong {
		low, high = 0.45, 0.55
	}
	_, read, _ := readColumn(p.Column)
	words, ok := n.Columns[p.Column]
	if !ok {
		words = read
	}
	switch {
	case p.Position <= low:
		return words.Low.filled(read.Low)
	case p.Position >= high:
		return words.High.filled(read.High)
	}
	return Text{}
}

// filled is a text with what it lacks in one language taken from another.
func (t Text) filled(from Text) Text {
	if t == (Text{}) {
		return t
	}
	return Text{cmp.Or(t.EN, from.EN), cmp.Or(t.ZH, from.ZH)}
}

// vagueLevel reports whether a level says nothing without the name of its column.
func vagueLevel(level string) bool {
	_, err := strconv.ParseFloat(level, 64)
	return err == nil || slices.Contains([]string{"yes", "no", "true", "false", "y", "n", "t", "f", "是", "否"}, strings.ToLower(level))
}

// very is what is said of a column in place of text where the position is extreme.
func (n *Naming) very(p *ColumnProfile, text Text) Text {
	if p.Kind == table.Category || math.Abs(p.Position-0.5) < 0.4 {
		return text
	}
	at := 0
	if _, words, plain := readColumn(p.Column); plain && (text.ZH == words.Low.ZH || text.ZH == words.High.ZH) {
		at = len(text.ZH) - len("高")
	}
	return Text{"very " + text.EN, text.ZH[:at] + "非常" + text.ZH[at:]}
}

// name is what is said, in the order of the columns.
func (s *speech) name(g *Group) Text {
	switch {
	case g.Rows == 0:
		return Text{"empty", "空"}
	case s.said == 0:
		return Text{"average", "一般"}
	}
	words := slices.Clone(s.words[:s.said])
	slices.SortFunc(words, func(a, b nameWord) int { return a.column - b.column })
	var en, zh []string
	for _, w := range words {
		if s.very {
			w.text = w.very
		}
		en, zh = append(en, w.text.EN), append(zh, w.text.ZH)
	}
	return Text{strings.Join(en, ", "), strings.Join(zh, "、")}
}

// class is the class of value of a group.
func (n *Naming) class(g *Group) Text {
	find := func(name string, r columnRole) (float64, bool) {
		for i := range g.Columns {
			p := &g.Columns[i]
			is, _, _ := readColumn(p.Column)
			if p.Kind == table.Number && (name == "" && is == r || name != "" && p.Column == name) {
				return p.Position, p.Rows > 0
			}
		}
		return 0, false
	}
	recency, ok := find(n.Recency, recencyRole)
	frequency, counted := find(n.Frequency, frequencyRole)
	value, valued := find(n.Monetary, monetaryRole)
	if !valued {
		value, valued = frequency, counted
	}
	switch {
	case !ok || !valued:
		return Text{}
	case recency < 0.5 && value > 0.5:
		return classTexts.high
	case recency < 0.5:
		return classTexts.potential
	case value > 0.5 || counted && frequency > 0.5:
		return classTexts.risk
	}
	return classTexts.infrequent
}
