package synth

import (
	"fmt"
	"slices"
	"strings"
)

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

// deviceOf is the k-th id of a kind that belongs to i.
func deviceOf(seed uint64, kind string, i, k int) string {
	x := mix(mix(seed^uint64(kind[0]))+uint64(i)) + uint64(k)
	a, b := mix(x), mix(mix(x)+1)
	return fmt.Sprintf("%08X-%04X-4%03X-A%03X-%012X", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// written is the person's name as somebody writes it.
func (c *Crowd) written(p *person, s *stream) string {
	family := 1
	if strings.HasPrefix(p.name, "欧阳") || strings.HasPrefix(p.name, "司马") {
		family = 2
	}
	runes := []rune(p.name)
	switch u := s.uniform(); {
	case u < c.opts.Junk:
		return junkNames[s.below(len(junkNames))]
	case u < c.opts.Junk+c.opts.Masked:
		return string(runes[:family]) + maskedNames[s.below(len(maskedNames))]
	}
	if s.uniform() < c.opts.Misspelt {
		last := len(runes) - 1
		k := slices.Index(givenNames, string(runes[last]))
		runes[last] = []rune(givenNames[(k+1+s.below(len(givenNames)-1))%len(givenNames)])[0]
		return string(runes)
	}
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

var (
	familyNames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "欧阳", "司马"}
	givenNames  = []string{"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "桂", "英", "华", "玉", "兰", "建", "文", "婷", "宇", "晨"}
	mailNames   = []string{"wang", "li", "zhang", "liu", "chen", "yang", "zhao", "huang", "zhou", "wu", "sunny", "lucky", "happy", "moon"}
	mailHosts   = []string{"qq.com", "163.com", "126.com", "sina.com", "gmail.com", "outlook.com", "foxmail.com"}
	maskedNames = []string{"*", "**", "**", "先生", "女士"}
	junkNames   = []string{"无", "匿名", "null", "未知", "顾客", "-"}
	junkPhones  = []string{"13800138000", "00000000", "11111111111", "12345678901", "13800000000", "无", "null", "000-0000-0000", "-", "123"}
	junkMails   = []string{"test@test.com", "a@a.com", "无", "null", "none@none.com", "123456@qq.com", "n/a", "noemail@noemail.com"}
)
