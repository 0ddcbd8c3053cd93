package synth

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	crowdDay  = 86400
	crowdYear = 365.25 * crowdDay
)

// Person returns the records of one person, from 1 to Len, by time. It panics for
// another number. The slice belongs to the caller.
func (c *Crowd) Person(number int) []Record {
	if number < 1 || number > c.people {
		panic("synth: no such person")
	}
	p := c.person(number - 1)
	s := newStream(c.seed, forTouches, int64(p.index))
	var records []Record
	for _, k := range p.uses {
		channel := &crowdChannels[k]
		for _, at := range c.times(&s, channel.yearly*p.active, 1) {
			records = append(records, c.touch(&p, &s, channel.name, channel.touch(&s), at))
		}
	}
	if p.role == tablet {
		records = append(records, c.onTablet(&p)...)
	}
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Channel, b.Channel))
	})
	for i := range records {
		records[i].Person = number
		records[i].ID = fmt.Sprintf("%s-%d-%d", records[i].Channel, number, i+1)
	}
	numberParts(records)
	return records
}

// times are moments at random, so many a year at frequency 1 and no fewer than
// least, ascending.
func (c *Crowd) times(s *stream, yearly float64, least int) []int64 {
	start, span := c.opts.Since.Unix(), float64(c.opts.Until.Unix()-c.opts.Since.Unix())
	var all []int64
	if rate := yearly * c.opts.Frequency; rate > 0 {
		gap := crowdYear / rate
		for at := s.exponential() * gap; at < span; at = add(at, s.exponential(), gap) {
			all = append(all, start+int64(at))
		}
	}
	for len(all) < least {
		all = append(all, start+int64(s.uniform()*span))
	}
	slices.Sort(all)
	return all
}

// touch is a record of a channel.
func (c *Crowd) touch(p *person, s *stream, channel string, t *crowdTouch, at int64) Record {
	r := Record{Channel: channel, Time: time.Unix(at, 0).UTC()}
	gets := p // what is sent
	if t.order && c.people > 1 && s.uniform() < c.opts.Gifts {
		friend := c.person(int(mix(c.seed+uint64(p.index)) % uint64(c.people-1)))
		if friend.index == p.index {
			friend = c.person(c.people - 1)
		}
		gets = &friend
	}
	if t.named {
		r.Name = c.written(gets, s)
	}
	for _, f := range t.fields {
		if s.uniform() >= f.share {
			continue
		}
		of := p
		if f.kind == "phone" {
			of = gets
		}
		m := c.mark(of, s, f, at)
		if of != p && m.Meaning != "" {
			m.Origin = Gift
		}
		if m.Type != "" {
			r.Fields = append(r.Fields, m)
		}
	}
	return r
}

// mark is what a channel records in a field; none if the person has nothing of it.
func (c *Crowd) mark(p *person, s *stream, f crowdField, at int64) Mark {
	m := Mark{Type: f.kind, Scope: f.scope, Verified: f.verified, Origin: Own}
	switch f.kind {
	case "phone":
		if f.verified && p.role == borrower {
			return Mark{} // the code goes to the relative
		}
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
		k := 0
		if at >= p.renewed {
			k = 1
		}
		m.Meaning = deviceOf(c.seed, f.kind, p.index, k)
	case "cookie":
		const browsers, life = 2, 183 * crowdDay
		since := at - c.opts.Since.Unix() + int64(mix(uint64(p.index))%life)
		m.Meaning = deviceOf(c.seed, f.kind, p.index, int(since/life)*browsers+s.below(browsers))
	}
	u := s.uniform()
	switch {
	case u < c.opts.Junk && f.typed:
		m.Origin, m.Meaning, m.Value = Junk, "", junkOf(f.kind, s)
	case u < c.opts.Junk+c.opts.Masked && f.typed:
		m.Origin, m.Value, m.Meaning = Masked, mask(f.kind, m.Meaning), ""
	default:
		m.Value = write(f.kind, m.Meaning, s)
	}
	return m
}

// onTablet is what the person does on a tablet of the shop. All that is done on it
// by the two who use it follows from one stream, so that each has the same view of
// who was logged in when.
func (c *Crowd) onTablet(p *person) []Record {
	first := min(p.index, p.partner)
	s := newStream(c.seed, forTablets, int64(first))
	logins := c.times(&s, tabletYearly, 2)
	var records []Record
	turn := s.below(2)
	for i, at := range logins {
		switch i {
		case 0:
		case 1:
			turn = 1 - turn
		default:
			turn = s.below(2)
		}
		next := c.opts.Until.Unix()
		if i+1 < len(logins) {
			next = logins[i+1]
		}
		mine := (p.index == first) == (turn == 0)
		for j := range 1 + s.below(3) {
			after := at
			if j > 0 {
				after += 1 + int64(s.below(1800))
			}
			device := deviceOf(c.seed, "tablet", first, 0)
			fields := []Mark{{Type: "device", Value: device, Origin: Tablet, Meaning: device}}
			if j == 0 {
				account := accountOf(p.index)
				fields = append(fields, Mark{Type: "account", Scope: "app", Value: account, Verified: true, Meaning: account})
			}
			if mine && after < next {
				records = append(records, Record{Channel: crowdChannels[appChannel].name, Time: time.Unix(after, 0).UTC(), Fields: fields})
			}
		}
	}
	return records
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
