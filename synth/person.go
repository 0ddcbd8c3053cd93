package synth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// block is the number of people among whom roles are dealt out.
const block = 100

// A role is what is special about a person.
type role uint8

const (
	ordinary role = iota
	donor         // gives up the number that another gets
	recipient
	lender // whose number a relative gives
	borrower
	tablet
)

// person is the truth about one of a crowd.
type person struct {
	index   int // from 0
	role    role
	partner int // index of the other, of roles that have one
	phones  []phone
	name    string
	email   string
	uses    []int // channels
}

// A phone is a number that is a person's from a moment on, and until another.
type phone struct {
	number      string
	from, until int64 // unix seconds
	origin      Origin
}

// dealt returns the role of person i and the other of the pair. The shares are
// exact in each full block; the last block, if it is not full, has whole pairs.
func (c *Crowd) dealt(i int) (role, int) {
	first := i / block * block
	n := min(block, c.people-first)
	order := make([]int, n)
	for j := range order {
		order[j] = j
	}
	s := newStream(c.seed, forRoles, int64(first))
	for j := n - 1; j > 0; j-- {
		k := s.below(j + 1)
		order[j], order[k] = order[k], order[j]
	}
	place := slices.Index(order, i-first)
	at := 0
	for _, r := range []struct {
		a, b  role
		pairs int
	}{
		{donor, recipient, int(c.opts.Recycled*float64(n) + 0.5)},
		{lender, borrower, int(c.opts.Family*float64(n) + 0.5)},
		{tablet, tablet, int(c.opts.Tablet*float64(n)/2 + 0.5)},
	} {
		for range r.pairs {
			if at+1 >= n {
				break
			}
			switch place {
			case at:
				return r.a, first + order[at+1]
			case at + 1:
				return r.b, first + order[at]
			}
			at += 2
		}
	}
	return ordinary, -1
}

// number is the k-th mobile number that belongs to person i alone.
func (c *Crowd) number(i, k int) string {
	prefixes := [...]string{"135", "136", "137", "138", "139", "150", "151", "152", "157", "158", "159", "176", "178", "182", "183", "187", "188", "198"}
	const size = 100_000_000 // the last eight digits
	n := (uint64(i)*61_803_399 + mix(c.seed)%size) % size
	return fmt.Sprintf("%s%08d", prefixes[(k*7+int(n)%6)%len(prefixes)], n)
}

// handover is when the donor i gives up its number, and when the other gets it.
func (c *Crowd) handover(i int) (until, from int64) {
	s := newStream(c.seed, forPhones, int64(i))
	start, end := c.opts.Start.Unix(), c.opts.End.Unix()
	until = start + int64((0.2+0.2*s.uniform())*float64(end-start))
	const day = 86400
	return until, until + int64(90+s.below(30))*day
}

// person makes the truth about person i.
func (c *Crowd) person(i int) person {
	p := person{index: i}
	p.role, p.partner = c.dealt(i)
	s := newStream(c.seed, forPerson, int64(i))
	start, end := c.opts.Start.Unix(), c.opts.End.Unix()
	p.name = familyNames[s.below(len(familyNames))] + givenNames[s.below(len(givenNames))]
	if s.uniform() < 0.6 {
		p.name += givenNames[s.below(len(givenNames))]
	}
	if s.uniform() < 0.6 {
		p.email = fmt.Sprintf("%s%d@%s", mailNames[s.below(len(mailNames))], i+1, mailHosts[s.below(len(mailHosts))])
	}
	changes := s.uniform() < 0.1
	change := start + int64(s.uniform()*float64(end-start))
	switch p.role {
	case donor:
		until, _ := c.handover(i)
		p.phones = []phone{{c.number(i, 0), start, until, Recycled}, {c.number(i, 1), until, end, Own}}
	case recipient:
		_, from := c.handover(p.partner)
		p.phones = []phone{{c.number(i, 0), start, from, Own}, {c.number(p.partner, 0), from, end, Recycled}}
	case lender:
		p.phones = []phone{{c.number(i, 0), start, end, Family}}
	case borrower:
		p.phones = []phone{{c.number(p.partner, 0), start, end, Family}}
	default:
		p.phones = []phone{{c.number(i, 0), start, end, Own}}
		if changes {
			p.phones = []phone{{c.number(i, 0), start, change, Own}, {c.number(i, 1), change, end, Own}}
		}
	}
	n := 1
	if s.uniform() >= c.opts.OneChannel {
		n = 2 + s.below(4)
	}
	for len(p.uses) < n {
		if k := s.below(len(crowdChannels)); !slices.Contains(p.uses, k) {
			p.uses = append(p.uses, k)
		}
	}
	if p.role == tablet && !slices.Contains(p.uses, appChannel) {
		p.uses[0] = appChannel
	}
	slices.Sort(p.uses)
	return p
}

// phoneAt is the number a person gives at a moment.
func (p *person) phoneAt(at int64) phone {
	for _, n := range p.phones {
		if at < n.until {
			return n
		}
	}
	return p.phones[len(p.phones)-1]
}

// Person returns the records of one person, from 1 to Len, by time. It panics for
// another number. The slice belongs to the caller.
func (c *Crowd) Person(number int) []Record {
	if number < 1 || number > c.people {
		panic("synth: no such person")
	}
	p := c.person(number - 1)
	s := newStream(c.seed, forTouches, int64(p.index))
	start, end := c.opts.Start.Unix(), c.opts.End.Unix()
	var records []Record
	for _, k := range p.uses {
		channel := &crowdChannels[k]
		touches := 1
		for touches < 4 && s.uniform() < 0.4 {
			touches++
		}
		for range touches {
			at := start + int64(s.uniform()*float64(end-start))
			r := Record{
				Channel: channel.name, ID: fmt.Sprintf("%s-%d-%d", channel.name, number, len(records)+1),
				Time: time.Unix(at, 0).UTC(), Person: number,
			}
			if channel.named {
				r.Name = p.written(&s)
			}
			for _, f := range channel.fields {
				if s.uniform() < f.share {
					r.Fields = append(r.Fields, c.mark(&p, &s, channel, f, at))
				}
			}
			r.Fields = slices.DeleteFunc(r.Fields, func(m Mark) bool { return m.Type == "" })
			records = append(records, r)
			if k == appChannel && p.role == tablet && s.uniform() < 0.7 {
				records = append(records, c.onTablet(&p, &s, number, len(records)+1, at+600))
			}
		}
	}
	records = slices.DeleteFunc(records, func(r Record) bool { return r.Time.Unix() >= end })
	slices.SortFunc(records, func(a, b Record) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	numberParts(records)
	return records
}

// onTablet is a record of the app on the shop's tablet: logged in.
func (c *Crowd) onTablet(p *person, s *stream, number, n int, at int64) Record {
	app := &crowdChannels[appChannel]
	shared := min(p.index, p.partner)
	return Record{
		Channel: app.name, ID: fmt.Sprintf("%s-%d-%d", app.name, number, n), Time: time.Unix(at, 0).UTC(), Person: number,
		Fields: []Mark{
			{Type: "account", Scope: "app", Value: accountOf(p.index), Verified: true, Meaning: accountOf(p.index)},
			{Type: "device", Value: deviceOf(c.seed, shared, 9), Origin: Tablet, Meaning: deviceOf(c.seed, shared, 9)},
		},
	}
}

// numberParts numbers the parts of one person's records.
func numberParts(records []Record) {
	parent := make([]int, len(records))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	seen := map[[3]string]int{}
	for i := range records {
		for _, m := range records[i].Fields {
			if !m.Evidence() {
				continue
			}
			key := [3]string{m.Type, m.Scope, m.Meaning}
			if j, ok := seen[key]; ok {
				a, b := find(i), find(j)
				parent[max(a, b)] = min(a, b)
			}
			seen[key] = i
		}
	}
	numbers := map[int]int{}
	for i := range records {
		root := find(i)
		if numbers[root] == 0 {
			numbers[root] = len(numbers) + 1
		}
		records[i].Part = numbers[root]
	}
}

// mark is what a channel records in a field.
func (c *Crowd) mark(p *person, s *stream, channel *crowdChannel, f crowdField, at int64) Mark {
	m := Mark{Type: f.kind, Scope: f.scope, Verified: f.verified, Origin: Own}
	switch f.kind {
	case "phone":
		n := p.phoneAt(at)
		m.Meaning, m.Origin = "+86"+n.number, n.origin
	case "email":
		if m.Meaning = p.email; p.email == "" {
			return Mark{}
		}
	case "account":
		m.Meaning = accountOf(p.index)
	case "member":
		m.Meaning = fmt.Sprintf("M%09d", p.index+1)
	case "buyer":
		m.Meaning = fmt.Sprintf("%s%010d", f.scope, mix(c.seed^uint64(p.index))%1_000_000_0000)
	case "unionid":
		m.Meaning = wechatID(c.seed, "u", p.index)
	case "openid":
		m.Meaning = wechatID(c.seed, f.scope, p.index)
	case "device":
		m.Meaning = deviceOf(c.seed, p.index, 0)
	case "cookie":
		m.Meaning = deviceOf(c.seed, p.index, 1+s.below(2))
	}
	u := s.uniform()
	switch {
	case u < c.opts.Junk && f.typed:
		m.Origin, m.Meaning, m.Value, m.Verified = Junk, "", junkOf(f.kind, s), false
	case u < c.opts.Junk+c.opts.Masked && f.typed:
		m.Origin, m.Value, m.Meaning, m.Verified = Masked, mask(f.kind, m.Meaning), "", false
	default:
		m.Value = write(f.kind, m.Meaning, s)
	}
	return m
}

func accountOf(i int) string { return fmt.Sprintf("%d", 600_000_001+i) }

// wechatID is an id of 28 characters as WeChat gives out, o for openid.
func wechatID(seed uint64, scope string, i int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	x := seed ^ uint64(len(scope))<<60
	for _, b := range []byte(scope) {
		x = mix(x ^ uint64(b))
	}
	id := []byte{'o'}
	x = mix(x) ^ uint64(i)*0x9e3779b97f4a7c15
	for len(id) < 28 {
		x = mix(x)
		id = append(id, letters[x>>58])
	}
	return string(id)
}

func deviceOf(seed uint64, i, k int) string {
	a, b := mix(seed^uint64(i)<<8^uint64(k)), mix(mix(seed^uint64(i)<<8^uint64(k))+1)
	return fmt.Sprintf("%08X-%04X-4%03X-A%03X-%012X", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// written is the person's name as somebody writes it.
func (p *person) written(s *stream) string {
	runes := []rune(p.name)
	switch u := s.uniform(); {
	case u < 0.05:
		return string(runes[0]) + " " + string(runes[1:])
	case u < 0.08:
		return " " + p.name
	}
	return p.name
}

// write is a value as somebody writes it.
func write(kind, meaning string, s *stream) string {
	switch kind {
	case "phone":
		d := strings.TrimPrefix(meaning, "+86")
		forms := [...]string{
			d, d, d, d, meaning, "86" + d, "0086" + d, "+86 " + d[:3] + " " + d[3:7] + " " + d[7:],
			d[:3] + "-" + d[3:7] + "-" + d[7:], d[:3] + " " + d[3:7] + " " + d[7:], "0" + d, "(+86)" + d, fullWidth(d), d + " ",
		}
		return forms[s.below(len(forms))]
	case "email":
		local, host, _ := strings.Cut(meaning, "@")
		forms := [...]string{meaning, meaning, meaning, strings.ToUpper(meaning), " " + meaning, local + "@" + strings.ToUpper(host)}
		return forms[s.below(len(forms))]
	case "device", "cookie":
		if s.below(4) == 0 {
			return strings.ToLower(meaning)
		}
	}
	return meaning
}

func fullWidth(digits string) string {
	var b strings.Builder
	for _, d := range digits {
		b.WriteRune(d - '0' + '０')
	}
	return b.String()
}

// mask is a value as a marketplace shows it.
func mask(kind, meaning string) string {
	if kind == "email" {
		local, host, _ := strings.Cut(meaning, "@")
		return local[:1] + "***@" + host
	}
	d := strings.TrimPrefix(meaning, "+86")
	return d[:3] + "****" + d[7:]
}

// junkOf is a value that fills a field.
func junkOf(kind string, s *stream) string {
	values := junkPhones
	if kind == "email" {
		values = junkMails
	}
	return values[s.below(len(values))]
}

// crowdChannel is a place where people are met.
type crowdChannel struct {
	name   string
	named  bool // it records names
	fields []crowdField
}

type crowdField struct {
	kind, scope string
	share       float64 // of records that have it
	verified    bool
	typed       bool // by hand or shown masked: it can be masked or junk
}

// appChannel is the index of the app.
const appChannel = 1

var crowdChannels = []crowdChannel{
	{"store", true, []crowdField{{"member", "", 0.7, false, false}, {"phone", "", 0.9, false, true}}},
	{"app", false, []crowdField{{"account", "app", 1, true, false}, {"phone", "", 0.8, true, false}, {"device", "", 0.9, false, false}}},
	{"mini-program", false, []crowdField{{"openid", "wx1a2b3c4d5e6f7081", 1, true, false}, {"unionid", "", 0.9, true, false}, {"phone", "", 0.4, true, false}}},
	{"mini-program-2", false, []crowdField{{"openid", "wx2b3c4d5e6f708192", 1, true, false}, {"unionid", "", 0.9, true, false}}},
	{"official-account", false, []crowdField{{"openid", "wx3c4d5e6f708192a3", 1, true, false}, {"unionid", "", 0.8, true, false}}},
	{"website", false, []crowdField{{"cookie", "", 1, false, false}, {"email", "", 0.6, false, true}, {"account", "app", 0.3, true, false}}},
	{"call-centre", true, []crowdField{{"phone", "", 1, false, true}}},
	{"tmall", true, []crowdField{{"buyer", "tmall", 1, true, false}, {"phone", "", 0.9, false, true}}},
	{"jd", true, []crowdField{{"buyer", "jd", 1, true, false}, {"phone", "", 0.9, false, true}}},
	{"douyin", true, []crowdField{{"openid", "douyin", 1, true, false}, {"phone", "", 0.7, false, true}}},
	{"wecom", true, []crowdField{{"unionid", "", 0.8, true, false}, {"phone", "", 0.6, false, true}}},
	{"after-sales", true, []crowdField{{"phone", "", 0.9, false, true}, {"email", "", 0.5, false, true}, {"member", "", 0.4, false, false}}},
}

var (
	familyNames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "欧阳", "司马"}
	givenNames  = []string{"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "桂", "英", "华", "玉", "兰", "建", "文", "婷", "宇", "晨"}
	mailNames   = []string{"wang", "li", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "sunny", "lucky", "happy", "moon"}
	mailHosts   = []string{"qq.com", "163.com", "126.com", "sina.com", "gmail.com", "outlook.com", "foxmail.com"}
	junkPhones  = []string{"13800138000", "00000000", "11111111111", "12345678901", "13800000000", "无", "null", "000-0000-0000", "-", "123"}
	junkMails   = []string{"test@test.com", "a@a.com", "无", "null", "none@none.com", "123456@qq.com", "n/a", "noemail@noemail.com"}
)
