package normalize_test

import (
	"fmt"

	"github.com/clientele-go/clientele/identity/normalize"
)

func Example() {
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN", AreaCode: "010"})
	if err != nil {
		panic(err)
	}
	for _, field := range []string{
		"139-1234-5679",
		"００８６ １３９１２３４５６７９",
		"62551234转801 / 13912345679",
		"138****8000",
		"13800138000",
		"无",
	} {
		values, err := phone.All(field)
		for _, v := range values {
			fmt.Print(v.Form(), " ")
		}
		fmt.Println(normalize.ReasonOf(err))
	}
	// Output:
	// +8613912345679 none
	// +8613912345679 none
	// +861062551234;ext=801 +8613912345679 none
	// masked
	// junk
	// junk
}

// A field may hold both: what is taken and what is refused are reported side by side.
func ExampleRefusals() {
	phone, err := normalize.Phone(&normalize.PhoneOptions{Region: "CN"})
	if err != nil {
		panic(err)
	}
	values, err := phone.All("13912345679、139****5680、62551234")
	for _, v := range values {
		fmt.Println(v.Form())
	}
	for _, r := range normalize.Refusals(err) {
		fmt.Println(r.Kind, r.Part, r.Reason, r.Reason.Chinese())
	}
	// Output:
	// +8613912345679
	// phone 2 masked 已脱敏，部分内容被隐藏
	// phone 3 no-area-code 本地号码，但未指定区号
}

// A loop over many rows gives its own room, and most canonical fields then cost no allocation.
func ExampleNormalizer() {
	email, err := normalize.Email(&normalize.EmailOptions{Fold: true})
	if err != nil {
		panic(err)
	}
	var room []normalize.Value
	for _, field := range []string{"Li Wei <Li.Wei+shop@Gmail.com>", "liwei@gmail.com", "123456@qq.com"} {
		values, err := email(room[:0], field)
		for _, v := range values {
			fmt.Print(v.Text, " ")
		}
		fmt.Println(normalize.ReasonOf(err))
		room = values
	}
	// Output:
	// liwei@gmail.com none
	// liwei@gmail.com none
	// junk
}

func ExampleOpenID() {
	openID, err := normalize.OpenID("wx0123456789abcdef")
	if err != nil {
		panic(err)
	}
	v, err := openID.One("oLVPpjqs9BhvzwPj5A-vTYAX3GL8")
	fmt.Println(v.Text, err)
	_, err = openID.One("wxfedcba9876543210/oLVPpjqs9BhvzwPj5A-vTYAX3GL8")
	fmt.Println(err)
	// Output:
	// wx0123456789abcdef/oLVPpjqs9BhvzwPj5A-vTYAX3GL8 <nil>
	// normalize: openid: of another scope
}

func ExampleID() {
	card, err := normalize.ID(&normalize.IDOptions{
		Kind: "membership", Scope: "brand-a", Case: normalize.UpperCase, Strip: " -", Pattern: `VIP\d{6}`,
	})
	if err != nil {
		panic(err)
	}
	v, err := card.One("vip 001-234")
	fmt.Println(v.Text, err)
	_, err = card.One("vip 1234")
	fmt.Println(err)
	// Output:
	// brand-a/VIP001234 <nil>
	// normalize: membership: not of this form
}

func ExampleName() {
	name := normalize.Name(&normalize.NameOptions{StripTitles: true})
	for _, field := range []string{"欧阳 小 明 先生", "买买提•吐尔逊", "Mr. John O’Brien", "李某某", "王先生", "匿名"} {
		v, err := name.One(field)
		fmt.Printf("%q %v\n", v.Text, normalize.ReasonOf(err))
	}
	family, given, _ := normalize.FamilyName("欧阳小明")
	fmt.Println(family, given)
	// Output:
	// "欧阳小明" none
	// "买买提·吐尔逊" none
	// "john o'brien" none
	// "" masked
	// "" masked
	// "" junk
	// 欧阳 小明
}
