package segment

import (
	"hash/maphash"
	"math"
	"slices"
)

// normal returns the normal form of p, as bind promises it. It makes new parts where they differ from those of p.
func (b *binder) normal(p *bound) *bound {
	if p.seg == "" {
		return b.fold(p)
	}
	if q := b.normals[p]; q != nil {
		return q
	}
	inner := *p
	inner.seg = ""
	folded := b.fold(&inner)
	root := *folded
	if folded.seg != "" {
		// A segment that is nothing but another one keeps both names.
		root = bound{form: formAll, kids: []*bound{folded}, rule: p.rule}
	}
	root.seg = p.seg
	note(&b.normals, p, &root)
	return &root
}

// fold returns the normal form of p, which is no root of a segment.
func (b *binder) fold(p *bound) *bound {
	switch p.form {
	case formAll, formAny:
		return b.combine(p.form, b.each(p.kids), p.rule)
	case formNot:
		return b.invert(b.normal(p.kids[0]), p.rule)
	case formAtLeast:
		return b.atLeast(p)
	case formSample:
		switch p.k {
		case 0:
			return nobody(p.rule)
		case shares:
			return &bound{form: formAll, rule: p.rule}
		}
	}
	return p
}

func (b *bound) isEveryone() bool { return b.form == formAll && len(b.kids) == 0 }
func (b *bound) isNobody() bool   { return b.form == formAny && len(b.kids) == 0 }

// invert returns the complement of p, which is normal.
func (b *binder) invert(p *bound, rule *node) *bound {
	switch {
	case p.isEveryone():
		return nobody(rule)
	case p.isNobody():
		return &bound{form: formAll, rule: rule}
	case p.form == formNot && p.seg == "":
		return p.kids[0]
	}
	return &bound{form: formNot, kids: []*bound{p}, rule: rule}
}

// each returns the normal forms of parts.
func (b *binder) each(parts []*bound) []*bound {
	kids := make([]*bound, len(parts))
	for i, p := range parts {
		kids[i] = b.normal(p)
	}
	return kids
}

// combine returns the normal form of all, or any, of parts that are normal.
func (b *binder) combine(f form, parts []*bound, rule *node) *bound {
	neutral, absorbing := (*bound).isEveryone, (*bound).isNobody
	if f == formAny {
		neutral, absorbing = absorbing, neutral
	}
	var kids []*bound
	for _, p := range parts {
		switch {
		case neutral(p):
		case absorbing(p):
			return &bound{form: p.form, rule: rule}
		case p.form == f && p.seg == "":
			kids = append(kids, p.kids...)
		default:
			kids = append(kids, p)
		}
	}
	if f == formAny {
		kids = pooled(kids)
	}
	kids = b.distinct(kids)
	if f == formAll {
		var possible bool
		if kids, possible = b.narrow(kids); !possible {
			return nobody(rule)
		}
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return &bound{form: f, kids: kids, rule: rule}
}

// atLeast returns the normal form of a formAtLeast. Equal kids stay: each counts.
func (b *binder) atLeast(p *bound) *bound {
	k := p.k
	var kids []*bound
	for _, q := range b.each(p.kids) {
		switch {
		case q.isEveryone():
			k--
		case q.isNobody():
		default:
			kids = append(kids, q)
		}
	}
	switch {
	case k <= 0:
		return &bound{form: formAll, rule: p.rule}
	case k > len(kids):
		return nobody(p.rule)
	case k == len(kids):
		return b.combine(formAll, kids, p.rule)
	case k == 1:
		return b.combine(formAny, kids, p.rule)
	}
	return &bound{form: formAtLeast, k: k, kids: kids, rule: p.rule}
}

// fewParts is the number of parts up to which each is compared with the others.
const fewParts = 8

// distinct returns the kids without those that are equal to one before.
func (b *binder) distinct(kids []*bound) []*bound {
	out := make([]*bound, 0, len(kids))
	if len(kids) <= fewParts {
		for _, p := range kids {
			if !slices.ContainsFunc(out, p.equal) {
				out = append(out, p)
			}
		}
		return out
	}
	seen := make(map[uint64][]*bound, len(kids))
	for _, p := range kids {
		sum := b.sum(p)
		if !slices.ContainsFunc(seen[sum], p.equal) {
			seen[sum] = append(seen[sum], p)
			out = append(out, p)
		}
	}
	return out
}

// equal tells whether p and q select the same because they ask the same, wherever they stand in the rule.
func (b *bound) equal(q *bound) bool {
	return b == q || b.form == q.form && b.k == q.k && b.tag == q.tag && b.other == q.other && b.cmp == q.cmp && b.want == q.want &&
		b.lo == q.lo && b.hi == q.hi && b.flo == q.flo && b.fhi == q.fhi && b.from == q.from && b.to == q.to &&
		b.salt == q.salt && b.name == q.name && b.seg == q.seg &&
		slices.Equal(b.texts, q.texts) && b.spans.equal(q.spans) && slices.EqualFunc(b.kids, q.kids, (*bound).equal)
}

// sum returns a number that is the same for parts that are equal. It is worked out once a part.
func (b *binder) sum(p *bound) uint64 {
	if sum, ok := b.sums[p]; ok {
		return sum
	}
	var h maphash.Hash
	h.SetSeed(b.seed)
	maphash.WriteComparable(&h, [...]int64{
		int64(p.form), int64(p.tag), int64(p.other), int64(p.cmp), int64(p.k), p.lo, p.hi,
		int64(math.Float64bits(p.flo)), int64(math.Float64bits(p.fhi)),
	})
	maphash.WriteComparable(&h, p.want)
	maphash.WriteComparable(&h, [...]edge{p.from, p.to})
	maphash.WriteComparable(&h, [...]string{p.salt, p.name, p.seg})
	for _, text := range p.texts {
		maphash.WriteComparable(&h, text)
	}
	if p.spans != nil {
		for _, r := range p.spans.ints.list {
			maphash.WriteComparable(&h, r)
		}
		for _, r := range p.spans.floats {
			maphash.WriteComparable(&h, r)
		}
	}
	for _, k := range p.kids {
		maphash.WriteComparable(&h, b.sum(k))
	}
	sum := h.Sum64()
	note(&b.sums, p, sum)
	return sum
}

// narrow returns the kids of a formAll with the ranges that look at one tag made one; possible is false if no value
// lies in all of them.
func (b *binder) narrow(kids []*bound) (out []*bound, possible bool) {
	type key struct {
		form form
		tag  int
	}
	at := map[key]int{}
	for _, p := range kids {
		if p.seg == "" && (p.form == formRange || p.form == formFloats || p.form == formTime) {
			k := key{p.form, p.tag}
			if i, found := at[k]; !found {
				at[k] = len(out)
			} else if q := b.both(out[i], p); q != nil {
				if q.isNobody() {
					return nil, false
				}
				out[i] = q
				continue
			}
		}
		out = append(out, p)
	}
	return out, true
}

// both returns the part that selects what p and q do, two ranges of one tag; nobody if there can be none, nil if it
// takes two parts.
func (b *binder) both(p, q *bound) *bound {
	r := *p
	r.rule = together(opAll, p.rule, q.rule)
	switch p.form {
	case formRange:
		r.lo, r.hi = max(p.lo, q.lo), min(p.hi, q.hi)
	case formFloats:
		r.flo, r.fhi = max(p.flo, q.flo), min(p.fhi, q.fhi)
	case formTime:
		if p.from.kind != edgeNone && q.from.kind != edgeNone || p.to.kind != edgeNone && q.to.kind != edgeNone {
			return nil
		}
		if q.from.kind != edgeNone {
			r.from = q.from
		} else {
			r.to = q.to
		}
		b.time(&r)
	}
	if r.lo > r.hi || r.flo > r.fhi {
		return nobody(r.rule)
	}
	return &r
}
