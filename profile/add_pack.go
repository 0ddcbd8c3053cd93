package profile

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/clientele-go/clientele/store"
)

const (
	mostRows   = 400       // evidence of one atom in a commit, for which every store has room
	mostBytes  = 256 << 10 // of evidence in a commit
	mostPacked = 1 << 13   // operations that are worth putting into one commit
)

// A pack is evidence for one commit, ascending by atom. It is cut further where it turns
// out not to fit.
type pack []*given

// jobs cuts evidence, ascending by atom, into packs. Those of one job are to be added one
// after the other; different jobs have no atom in common. What may be one commit after all, as
// where most of it is known, is one pack where an error of one is an error of all.
func (a *adding) jobs(order pack, b *bound, l store.Limits) [][]pack {
	most, bytes := min(l.Operations*3/4, mostPacked), min(l.BatchBytes/2, 4<<20)
	var all [][]pack
	begin, operations, size := 0, 0, 0 // of a job of whole atoms that has not ended
	var portions []pack
	for n := 0; n < len(order); {
		var of int
		portions, of = portionsOf(order[n:], portions[:0])
		end := n
		for _, p := range portions {
			end += len(p)
		}
		cost := 4 + (end-n)/4 + 2*b.indexed(order[n:end])
		if !a.strict && end-n >= mostMarks {
			cost += moves(end - n)
		}
		if n > begin && (operations+cost > most || size+of > bytes || len(portions) > 1) {
			all = append(all, []pack{order[begin:n]})
			begin, operations, size = n, 0, 0
		}
		if len(portions) > 1 {
			all = append(all, slices.Clone(portions))
			begin = end
		}
		n, operations, size = end, operations+cost, size+of
	}
	if begin < len(order) {
		all = append(all, []pack{order[begin:]})
	}
	return all
}

// portionsOf cuts the evidence of the first atom into what fits into a commit of every
// store. It appends the portions to those given, and returns the bytes of the last one.
func portionsOf(order pack, portions []pack) (_ []pack, size int) {
	begin, n := 0, 0
	for ; n < len(order) && order[n].Atom == order[0].Atom; n++ {
		g := order[n].size + 64
		if n > begin && (n-begin == mostRows || size+g > mostBytes) {
			portions = append(portions, order[begin:n])
			begin, size = n, 0
		}
		size += g
	}
	return append(portions, order[begin:n]), size
}

// An adding adds evidence. Safe for concurrent use.
type adding struct {
	p       *Profiles
	learned int64
	strict  bool // an error of one is an error of all
}

// mostUnknown is how often the outcome of a commit is looked up before giving up.
const mostUnknown = 16

// pack adds the evidence in one commit, or in several where it does not fit.
func (a *adding) pack(ctx context.Context, all pack) error {
	var err error
	for range mostUnknown {
		err = a.once(ctx, all)
		if !errors.Is(err, store.ErrUnknownOutcome) || ctx.Err() != nil {
			break
		}
		for _, g := range all {
			g.tried = g.tried || g.verdict == added
		}
	}
	if !errors.Is(err, store.ErrTooLarge) || len(all) == 1 {
		return err
	}
	half := all.middle()
	if err := a.pack(ctx, all[:half]); err != nil {
		return err
	}
	return a.pack(ctx, all[half:])
}

// atoms is how many there are in a pack.
func (all pack) atoms() int {
	n := 0
	for i := range all {
		if i == 0 || all[i].Atom != all[i-1].Atom {
			n++
		}
	}
	return n
}

// middle is where to cut a pack in two: between two atoms, if there are two.
func (all pack) middle() int {
	half := len(all) / 2
	for off := range half + 1 {
		for _, at := range [2]int{half - off, half + off} {
			if 0 < at && at < len(all) && all[at].Atom != all[at-1].Atom {
				return at
			}
		}
	}
	return half
}

// once adds the evidence in one commit.
func (a *adding) once(ctx context.Context, all pack) error {
	bound := a.bound
	_, err := store.Update(ctx, a.p.s, a.p.o.Backoff, func(ctx context.Context) (*store.Batch, error) {
		f, err := bound(ctx, all)
		if err != nil {
			return nil, err
		}
		bound = a.rebound
		for {
			b, depends, err := a.build(ctx, f, all)
			if b != nil || !depends {
				return b, err
			}
			// No commit finds that there is another schema by now.
			now, again := a.rebound(ctx, all)
			if again != nil || now == f {
				return nil, cmp.Or(again, err)
			}
			f = now
		}
	})
	return err
}

// bound makes of the evidence what the schema says. As there may be another by now, which
// a commit would find, it is read anew before it refuses something.
func (a *adding) bound(ctx context.Context, all pack) (*inForce, error) {
	f, err := a.p.current(ctx)
	if err != nil || a.bind(f, all) == nil {
		return f, err
	}
	return a.rebound(ctx, all)
}

func (a *adding) rebound(ctx context.Context, all pack) (*inForce, error) {
	f, err := a.p.reread(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.bind(f, all); a.strict && err != nil {
		return nil, err
	}
	return f, nil
}

// bind makes of the evidence what a schema says, unless it has been done. The error is that of
// the first that the schema refuses.
func (a *adding) bind(f *inForce, all pack) (err error) {
	n := 0
	for _, g := range all {
		if g.schema != f {
			n += len(g.fields)
		}
	}
	room := make([]numbered, n)
	for _, g := range all {
		if g.schema != f {
			g.schema = f
			g.invalidated = g.bind(f.bound, a.learned, room[:0:len(g.fields)])
			if g.invalidated == nil && a.p.o.Vault != nil && g.size+g.protected*mostOverhead > mostSealed {
				g.invalidated = g.invalid("values", "is too large once it is sealed")
			}
			room = room[len(g.fields):]
		}
		if err == nil {
			err = g.invalidated
		}
	}
	return err
}
