package sqlstore

import "strconv"

// A row is what is stored of an entry.
type row struct {
	key, value []byte
	version    int64
}

// bytes is the value, which drivers would take for NULL if it were nil.
func (r *row) bytes() []byte {
	if r.value == nil {
		return []byte{}
	}
	return r.value
}

// A packer puts many byte strings into one parameter, and where they are into arrays
// of numbers, written as text: a form that every driver can pass, without quoting any
// byte. lists holds where a row begins, from 1, the length of each of its fields, and
// its number.
type packer struct {
	bytes []byte
	lists [4][]byte
}

func (p *packer) put(list int, n int64) {
	separator := byte(',')
	if len(p.lists[list]) == 0 {
		separator = '{'
	}
	p.lists[list] = strconv.AppendInt(append(p.lists[list], separator), n, 10)
}

// add adds a row of one or two fields.
func (p *packer) add(fields ...[]byte) {
	p.put(0, int64(len(p.bytes)+1))
	for i, field := range fields {
		p.bytes = append(p.bytes, field...)
		p.put(1+i, int64(len(field)))
	}
}

// number adds the number of the row added last.
func (p *packer) number(n int64) { p.put(3, n) }

// args returns the bytes and the first n lists.
func (p *packer) args(n int) []any {
	args := []any{p.bytes}
	for _, list := range p.lists[:n] {
		args = append(args, string(append(list, '}')))
	}
	return args
}
