package identity

import (
	"fmt"
	"slices"
	"time"

	"github.com/clientele-go/clientele/internal/wire"
	"github.com/clientele-go/clientele/store"
)

// clone returns a copy that shares nothing.
func (p *Policy) clone() *Policy {
	c := &Policy{Entities: slices.Clone(p.Entities)}
	for i := range c.Entities {
		c.Entities[i].Types = slices.Clone(c.Entities[i].Types)
	}
	return c
}

// data encodes a policy.
func (p *Policy) data() []byte {
	w := wire.New("identity/policy", 1)
	w.List(len(p.Entities))
	for _, e := range p.Entities {
		w.List(3)
		w.Text(e.Name)
		w.Uint(uint64(e.Records))
		w.List(len(e.Types))
		for _, t := range e.Types {
			w.List(8)
			w.Text(t.Name)
			w.Uint(uint64(t.Kind))
			w.Uint(uint64(t.Most))
			w.Int(int64(t.Window))
			w.Uint(uint64(t.FanOut))
			w.Int(int64(t.Silence))
			w.Int(int64(t.Lifetime))
			w.Uint(uint64(t.Proof))
		}
	}
	return w.Data()
}

// readPolicy decodes a policy and refuses one that is not valid.
func readPolicy(data []byte) (*Policy, error) {
	d := wire.Read(data)
	d.Expect("identity/policy", 1)
	whole := func() int { return int(min(d.Uint(), 1<<31-1)) }
	fields := true
	p := &Policy{}
	for range d.List() {
		fields = d.List() == 3 && fields
		e := Entity{Name: d.Text(), Records: whole()}
		for range d.List() {
			fields = d.List() == 8 && fields
			e.Types = append(e.Types, Type{
				Name: d.Text(), Kind: Kind(min(d.Uint(), 255)), Most: whole(), Window: time.Duration(d.Int()),
				FanOut: whole(), Silence: time.Duration(d.Int()), Lifetime: time.Duration(d.Int()), Proof: Proof(min(d.Uint(), 255)),
			})
		}
		p.Entities = append(p.Entities, e)
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	if !fields || p.Validate() != nil {
		return nil, fmt.Errorf("%w: policy", store.ErrCorrupt)
	}
	return p, nil
}

// epochData encodes the name of the policy in force.
func epochData(epoch []byte) []byte {
	w := wire.New("identity/epoch", 1)
	w.Bytes(epoch)
	return w.Data()
}

func readEpoch(data []byte) ([]byte, error) {
	d := wire.Read(data)
	d.Expect("identity/epoch", 1)
	epoch := slices.Clone(d.Bytes())
	return epoch, d.Close()
}
