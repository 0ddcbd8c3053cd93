package normalize

import "unicode/utf8"

// punycode encodes a label by RFC 3492, section 6.3, with the parameters of section 5. Its cost
// is the length of s times the number of different characters beyond ASCII.
func punycode(s string) string {
	const (
		base, initialBias, initialN = 36, 72, 0x80
		first, later                = 700, 2 // damp of the first delta, and of the others
	)
	var out []byte
	total := 0
	for _, r := range s {
		total++
		if r < initialN {
			out = append(out, byte(r))
		}
	}
	done := len(out)
	if done > 0 {
		out = append(out, '-')
	}
	n, bias, delta, damp := rune(initialN), initialBias, 0, first
	for done < total {
		next := rune(utf8.MaxRune)
		for _, r := range s {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range s {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, 1), 26)
				if q < t {
					break
				}
				out = append(out, punyDigit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, punyDigit(q))
			done++
			bias = adaptBias(delta/damp, done)
			delta, damp = 0, later
		}
		delta++
		n++
	}
	return string(out)
}

// adaptBias is section 6.1; delta is damped already.
func adaptBias(delta, points int) int {
	delta += delta / points
	k := 0
	for ; delta > 35*26/2; k += 36 {
		delta /= 35
	}
	return k + 36*delta/(delta+38)
}

func punyDigit(d int) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}
