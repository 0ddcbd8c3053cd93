package synth

// crowdChannel is a place where people are met.
type crowdChannel struct {
	name    string
	yearly  float64 // how often, of who uses it
	touches []crowdTouch
}

// crowdTouch is a kind of thing that people do there.
type crowdTouch struct {
	share  float64
	named  bool // a name is written
	order  bool // it goes to whose name and number it shows
	fields []crowdField
}

type crowdField struct {
	kind, scope string
	share       float64 // of records that have it
	verified    bool
	typed       bool // by hand or shown masked: it can be masked or junk
}

// touch draws a kind.
func (c *crowdChannel) touch(s *stream) *crowdTouch {
	last := len(c.touches) - 1
	u := s.uniform()
	for i := range last {
		if u -= c.touches[i].share; u < 0 {
			return &c.touches[i]
		}
	}
	return &c.touches[last]
}

const (
	appChannel   = 1  // index of the app
	tabletYearly = 12 // logins on a tablet
)

var (
	typedPhone   = crowdField{"phone", "", 1, false, true}
	typedEmail   = crowdField{"email", "", 1, false, true}
	codePhone    = crowdField{"phone", "", 1, true, false}
	loggedIn     = crowdField{"account", "app", 1, true, false}
	onDevice     = crowdField{"device", "", 0.95, false, false}
	withCookie   = crowdField{"cookie", "", 1, false, false}
	withUnionID  = crowdField{"unionid", "", 0.9, true, false}
	memberCard   = crowdField{"member", "", 0.7, false, false}
	firstOpenID  = crowdField{"openid", "wx1a2b3c4d5e6f7081", 1, true, false}
	secondOpenID = crowdField{"openid", "wx2b3c4d5e6f708192", 1, true, false}
	thirdOpenID  = crowdField{"openid", "wx3c4d5e6f708192a3", 1, true, false}
)

// of is the field in another share of records.
func (f crowdField) of(share float64) crowdField {
	f.share = share
	return f
}

// visit, order and told are kinds of touches: nobody says a name; a name and number to
// send to; people of the company write down whom they speak with.
func visit(share float64, fields ...crowdField) crowdTouch {
	return crowdTouch{share, false, false, fields}
}

func order(share float64, fields ...crowdField) crowdTouch {
	return crowdTouch{share, true, true, fields}
}

func told(fields ...crowdField) []crowdTouch { return []crowdTouch{{1, true, false, fields}} }

var crowdChannels = []crowdChannel{
	{"store", 4, told(memberCard, typedPhone.of(0.9))},
	{"app", 15, []crowdTouch{
		visit(0.25, onDevice.of(1)),
		visit(0.50, loggedIn, onDevice, codePhone.of(0.3)),
		order(0.25, loggedIn, onDevice, typedPhone),
	}},
	{"mini-program", 12, []crowdTouch{
		visit(0.75, firstOpenID, withUnionID, codePhone.of(0.2)),
		order(0.25, firstOpenID, withUnionID, typedPhone),
	}},
	{"mini-program-2", 6, []crowdTouch{
		visit(0.8, secondOpenID, withUnionID),
		order(0.2, secondOpenID, withUnionID, typedPhone),
	}},
	{"official-account", 8, []crowdTouch{visit(1, thirdOpenID, withUnionID.of(0.8))}},
	{"website", 12, []crowdTouch{
		visit(0.550, withCookie),
		visit(0.200, withCookie, loggedIn),
		visit(0.125, withCookie, typedEmail),
		order(0.125, withCookie, loggedIn.of(0.7), typedEmail.of(0.8), typedPhone),
	}},
	{"call-centre", 0.7, told(typedPhone)},
	{"tmall", 4, []crowdTouch{order(1, crowdField{"buyer", "tmall", 1, true, false}, typedPhone.of(0.9))}},
	{"jd", 3, []crowdTouch{order(1, crowdField{"buyer", "jd", 1, true, false}, typedPhone.of(0.9))}},
	{"douyin", 3, []crowdTouch{order(1, crowdField{"openid", "douyin", 1, true, false}, typedPhone.of(0.7))}},
	{"wecom", 3, told(withUnionID.of(0.8), typedPhone.of(0.6))},
	{"after-sales", 0.5, told(typedPhone.of(0.9), typedEmail.of(0.5), memberCard.of(0.4))},
}
