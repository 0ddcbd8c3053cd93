package access

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/clientele-go/clientele/audit"
	"github.com/clientele-go/clientele/consent"
	"github.com/clientele-go/clientele/internal/line"
	"github.com/clientele-go/clientele/profile"
)

// Errors, wrapped with what they are about.
var (
	// ErrPolicy is wrapped by what is wrong with a policy, or with the options of a gate that has it.
	ErrPolicy = errors.New("access: invalid policy")
	// ErrInput: what was passed in is not valid.
	ErrInput = errors.New("access: input")
	// ErrDenied: the policy does not allow it, an approver refused it, or a customer does.
	ErrDenied = errors.New("access: denied")
	// ErrConsent is ErrDenied because the customer has not agreed. It wraps ErrDenied.
	ErrConsent = fmt.Errorf("%w: no consent", ErrDenied)
	// ErrMasked: the value is shown masked, so that there is none to be had.
	ErrMasked = errors.New("access: masked")
	// ErrLimit: it is more than was asked for or is allowed.
	ErrLimit = errors.New("access: too many")
)

// mostFound is Options.Found by default.
const mostFound = 20

// Options of a gate. Safe for concurrent reads.
type Options struct {
	// Consents decide for purposes that have a Consent; mandatory where there is one.
	Consents *consent.Consents
	// Log is where it is written who did what. Mandatory, unless Unaudited is set.
	Log *audit.Log
	// Unaudited: there is no Log, for development. With a Log it is an error.
	Unaudited bool
	// Approver approves exports. Nil: there are none.
	Approver Approver
	// Found is the most customers that Gate.Find returns. 0: 20; negative is an error.
	Found int
}

// Reader is who wants to see something, in which role and what for. Whether it is really
// them, and whether they have the role, the caller has made sure of. All texts are lines of at most 256
// bytes, without personal data of customers: they stand in the log. Safe for concurrent reads.
type Reader struct {
	// Actor is the opaque id of a person who works here, or of a service. Mandatory.
	Actor string `json:"actor"`
	// Role is one of the policy. Mandatory.
	Role string `json:"role"`
	// Purpose is one of the policy. Mandatory.
	Purpose string `json:"purpose"`
	// Ticket is what it is about: a case, an order, a job. May be empty.
	Ticket string `json:"ticket,omitempty"`
}

// check returns what is wrong with a reader.
func (r *Reader) check() error {
	var faults []error
	for _, t := range []struct {
		name, text string
		mandatory  bool
	}{{"Actor", r.Actor, true}, {"Role", r.Role, true}, {"Purpose", r.Purpose, true}, {"Ticket", r.Ticket, false}} {
		if !line.Valid(t.text, mostText) || t.mandatory && t.text == "" {
			faults = append(faults, fmt.Errorf("%w: %s of the reader is missing or not a line of at most %d bytes", ErrInput, t.name, mostText))
		}
	}
	return errors.Join(faults...)
}

// Gate stands before the profiles: what leaves through it is what the policy and the customer
// allow, and the log tells of it. Open returns one; the zero Gate panics. Safe for concurrent use.
type Gate struct {
	profiles *profile.Profiles
	policy   *Policy
	o        Options
	bound    atomic.Pointer[bound]
}

// Open returns a gate before profiles. p, policy and o are mandatory; policy is copied. Errors
// wrap [ErrPolicy] where the policy contradicts itself, the schema of the profiles or the
// purposes of Options.Consents, all faults at once, or are those of the profiles. Cost: that of
// reading the schema.
//
// A change of the schema counts at once. If the policy names what the schema does not have any more,
// everything is refused with ErrPolicy from then on.
func Open(ctx context.Context, p *profile.Profiles, policy *Policy, o *Options) (*Gate, error) {
	if p == nil || policy == nil || o == nil {
		return nil, fmt.Errorf("%w: profiles, policy and options are mandatory", ErrPolicy)
	}
	g := &Gate{profiles: p, policy: policy.clone(), o: *o}
	if g.o.Found == 0 {
		g.o.Found = mostFound
	}
	faults := []error{g.checkOptions()}
	_, err := g.bind(ctx)
	if err != nil && !errors.Is(err, ErrPolicy) {
		return nil, err
	}
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	return g, nil
}

// checkOptions returns what is wrong with the options.
func (g *Gate) checkOptions() error {
	var faults []error
	fault := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("%w: %s", ErrPolicy, fmt.Sprintf(format, args...)))
		}
	}
	fault(g.o.Log == nil && !g.o.Unaudited, "Options.Log is missing")
	fault(g.o.Log != nil && g.o.Unaudited, "Options.Log and Options.Unaudited")
	fault(g.o.Found < 0, "Options.Found is negative")
	for i := range g.policy.Purposes {
		q := &g.policy.Purposes[i]
		if q.Consent == "" {
			continue
		}
		fault(g.o.Consents == nil, "purpose %q has a Consent and Options.Consents is missing", q.Name)
		fault(g.o.Consents != nil && !g.o.Consents.Declares(q.Consent, ""), "purpose %q: package consent has no purpose %.64q without channels, or it is retired", q.Name, q.Consent)
	}
	return errors.Join(faults...)
}
