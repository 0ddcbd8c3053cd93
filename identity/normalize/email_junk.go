package normalize

import "strings"

func set(list ...string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// junkNames are local parts that stand for no mailbox of a customer. Not all JunkWords are
// among them: admin, private and member are mailboxes, no and na are names.
var junkNames = set(
	"null", "none", "nil", "nan", "undefined", "unknown", "missing", "invalid", "empty", "blank", "anonymous", "anon", "nobody", "noone", "no-one",
	"noname", "guest", "visitor", "user", "customer", "demo", "dummy", "fake", "sample", "example", "test", "testing", "tester", "test1", "test01",
	"test123", "testuser", "test.user", "asd", "asdf", "asdfasdf", "qwe", "qwer", "qwerty", "qweasd", "abc", "aaa", "aaaa", "aaaaa", "aaaaaa", "xxx",
	"noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "mailer-daemon",
	"nomail", "no-mail", "noemail", "no-email", "no_email", "no.email",
)

// roleNames are read by a team.
var roleNames = set(
	"info", "admin", "system", "contact", "hello", "office", "mail", "enquiries", "inquiry", "sales", "marketing", "support", "service",
	"customerservice", "help", "helpdesk", "billing", "accounts", "accounting", "finance", "orders", "shop", "store",
	"hr", "jobs", "careers", "recruitment", "press", "media", "legal", "privacy", "security", "abuse", "postmaster", "hostmaster",
	"webmaster", "kefu", "market", "business",
)

// junkDomains are reserved for examples (RFC 2606, RFC 6761), or stand in forms for no domain
// at all.
var junkDomains = set(
	"example.com", "example.net", "example.org", "example.edu", "example.cn", "test", "example", "invalid", "localhost",
	"local", "test.com", "test.cn", "domain.com", "yourdomain.com", "mydomain.com", "none.com", "null.com", "nomail.com",
	"noemail.com", "noreply.com", "noemail.invalid", "asdf.com", "asd.com", "qwe.com", "aaa.aaa", "xxx.xxx",
)

func (e *email) junkMail(local, domain string) bool {
	if e.junk[local] || e.junk[local+"@"+domain] {
		return true
	}
	name := strings.Trim(local, `"`)
	if junkNames[name] || strings.Trim(name, "0-_.+") == "" || !isASCII(name) && isJunk(name, nil) {
		return true
	}
	for d := domain; d != ""; _, d, _ = strings.Cut(d, ".") {
		if junkDomains[d] {
			return true
		}
	}
	if first, _, _ := strings.Cut(domain, "."); name == first && (len(name) <= 2 || isDigits(name) || repeats(name)) {
		return true
	}
	return len(name) >= 5 && isDigits(name) && (repeats(name) || runs(name))
}
