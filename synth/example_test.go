package synth_test

import (
	"bufio"
	"fmt"
	"time"

	"github.com/clientele-go/clientele/synth"
)

func Example() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	shop, err := synth.New(1, &synth.Options{Location: london, Customers: 2000})
	if err != nil {
		panic(err)
	}
	count := make(map[synth.Kind]int)
	revenue := int64(0)
	for e := range shop.Events() {
		count[e.Kind]++
		switch e.Kind {
		case synth.Purchase:
			revenue += e.Amount
		case synth.Refund:
			revenue -= e.Amount
		}
	}
	left := 0
	for c := range shop.Customers() {
		if !c.AliveAt(shop.Until()) {
			left++
		}
	}
	fmt.Printf("%d purchases, %d refunds, %d contacts\n", count[synth.Purchase], count[synth.Refund], count[synth.Contact])
	fmt.Printf("net revenue %d.%02d\n", revenue/100, revenue%100)
	fmt.Printf("%d of %d customers have left\n", left, shop.Len())
	// Output:
	// 7631 purchases, 859 refunds, 577 contacts
	// net revenue 262647.74
	// 1181 of 2000 customers have left
}

func ExampleShop_Alive() {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC})
	if err != nil {
		panic(err)
	}
	at := time.Date(2023, time.May, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		var seen []time.Time
		for e := range shop.History(i) {
			if e.Kind == synth.Purchase && e.Time.Before(at) {
				seen = append(seen, e.Time)
			}
		}
		c := shop.Customer(i)
		fmt.Printf("%d: %2d purchases, last %s, alive with probability %.2f, in truth %t\n",
			c.ID, len(seen), seen[len(seen)-1].Format(time.DateOnly), shop.Alive(seen, at), c.AliveAt(at))
	}
	// Output:
	// 10001:  1 purchases, last 2023-01-01, alive with probability 0.50, in truth true
	// 10002:  3 purchases, last 2023-03-22, alive with probability 0.83, in truth false
	// 10003:  1 purchases, last 2023-01-04, alive with probability 0.50, in truth true
	// 10004:  1 purchases, last 2023-01-05, alive with probability 0.51, in truth true
	// 10005:  1 purchases, last 2023-01-05, alive with probability 0.51, in truth true
}

func ExampleShop_CSV() {
	shop, err := synth.New(1, &synth.Options{Location: time.UTC})
	if err != nil {
		panic(err)
	}
	file := bufio.NewScanner(shop.CSV())
	for range 5 {
		file.Scan()
		fmt.Println(file.Text())
	}
	// Output:
	// InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
	// 500001,54903,CHARCOAL MEADOW PAPER CHAIN,2,2023-01-01 19:00:00,3.35,10001,United Kingdom
	// 500001,43860A,CARVED HEDGEHOG SOAP DISH,2,2023-01-01 19:00:00,1.75,10001,United Kingdom
	// 500001,24209,IVORY OWLET LANTERN,1,2023-01-01 19:00:00,4.55,10001,United Kingdom
	// 500001,65657,"LARGE COMET CAKE TIN, ROUND",2,2023-01-01 19:00:00,2.79,10001,United Kingdom
}

func ExampleBulk() {
	const lines = 8
	customer, unix := make([]int64, lines), make([]int64, lines)
	amount, order := make([]int64, lines), make([]int64, lines)
	if err := synth.Bulk(1, 3, customer, unix, amount, order); err != nil {
		panic(err)
	}
	fmt.Println(customer)
	fmt.Println(order)
	// Output:
	// [1 1 1 3 3 3 3 2]
	// [1 1 1 2 2 2 2 3]
}

func ExampleParetoNBD_Alive() {
	p := synth.DefaultPurchasing()
	fmt.Printf("ten purchases, silent for 30 weeks: %.3f\n", p.Alive(10, 30, 60))
	fmt.Printf("two purchases, silent for 30 weeks: %.3f\n", p.Alive(2, 30, 60))
	// Output:
	// ten purchases, silent for 30 weeks: 0.032
	// two purchases, silent for 30 weeks: 0.503
}

func ExampleCrowd() {
	crowd, err := synth.NewCrowd(8, 100, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range crowd.Person(41) {
		fmt.Println(r.Time.Format(time.DateOnly), r.Channel, r.Name, "part", r.Part)
		for _, m := range r.Fields {
			fmt.Printf("    %s %s%q: %v\n", m.Type, m.Scope, m.Value, m.Origin)
		}
	}
	// Output:
	// 2024-02-22 after-sales 周超勇 part 1
	//     phone "008613737493582": own
	//     email "zhao41@qq.com": own
	// 2024-07-05 tmall 周超勇 part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "137****3582": masked
	// 2024-07-17 call-centre 周超勇 part 1
	//     phone "13737493582": own
	// 2024-10-07 tmall 周超勇 part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "8613737493582": own
	// 2024-10-23 tmall - part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "13737493582": own
	// 2025-03-24 tmall 周超勇 part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "150****1021": masked
	// 2025-05-20 tmall 周超勇 part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "00000000": junk
	// 2025-06-20 call-centre 周超勇 part 2
	//     phone "null": junk
	// 2025-08-30 tmall 周超勇 part 1
	//     buyer tmall"tmall2924390401": own
	//     phone "+86 150 2716 1021": recycled
}
