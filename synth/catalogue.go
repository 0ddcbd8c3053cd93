package synth

import (
	"fmt"
	"slices"
)

// Product is one article of the catalogue. Safe for concurrent reads.
type Product struct {
	// Code is five digits, for some with a letter.
	Code string
	// Description is in English capitals, as tills print it.
	Description string
	// Price is the list price in minor units.
	Price int64
	// Weight is the share of picks off the shelf that take this product; the
	// weights of a catalogue sum to 1. The last line of a basket is chosen by
	// price instead.
	Weight float64
}

// Codes and descriptions of lines that are no products, with the codes of UCI
// Online Retail.
const (
	codePostage  = "POST"
	codeManual   = "M"
	codeDiscount = "D"
)

var (
	looks = [...]string{
		"BLUE", "IVORY", "OLIVE", "CORAL", "PLUM", "MINT", "AMBER", "CHARCOAL", "SMALL", "LARGE", "TALL", "ROUND",
		"STRIPED", "DOTTY", "CHECKED", "RUSTIC", "NORDIC", "GINGHAM", "ENAMELLED", "WOVEN", "CARVED", "FROSTED",
		"HAND PAINTED", "FOLDING", "SET OF 2", "SET OF 3", "SET OF 6", "PACK OF 12", "MINI", "GIANT", "SOFT", "ANTIQUE",
	}
	motifs = [...]string{
		"HEDGEHOG", "FERN", "HARBOUR", "MEADOW", "OWLET", "BLOSSOM", "LIGHTHOUSE", "ACORN", "SWALLOW", "COMET",
		"CLOVER", "TEAPOT", "PEBBLE", "HONEYBEE", "SNOWDROP", "CARNIVAL", "ORCHARD", "SAILBOAT", "TOADSTOOL", "WILLOW",
	}
	things = [...]string{
		"MUG", "CANDLE", "CUSHION", "LUNCH BOX", "TEA TOWEL", "APRON", "NOTEBOOK", "PENCIL CASE", "DOORSTOP", "CLOCK",
		"LANTERN", "PLANT POT", "EGG CUP", "BOWL", "JUG", "TRAY", "COASTER", "KEY RING", "TOTE BAG", "PURSE",
		"GIFT WRAP", "GREETING CARD", "RIBBON", "STICKER SHEET", "MAGNET", "DOORMAT", "STORAGE BASKET", "BIRD FEEDER",
		"WATERING CAN", "PHOTO FRAME 7\"", "MIRROR", "COAT HOOK", "DRAWER KNOB", "PAPER CHAIN", "BUNTING", "GARLAND",
		"SNOW GLOBE", "STOCKING", "WREATH", "BAUBLE", "JIGSAW", "SPINNING TOP", "SOFT TOY", "SKITTLES", "KITE",
		"BOOKEND", "VASE", "TEALIGHT HOLDER", "INCENSE HOLDER", "SOAP DISH", "HAND TOWEL", "WASH BAG", "SLEEP MASK",
		"HOT WATER BOTTLE", "UMBRELLA", "SCARF", "GLOVES", "BROOCH", "NECKLACE STAND", "TRINKET BOX", "CAKE TIN, ROUND",
		"CAKE STAND", "BISCUIT CUTTER", "ROLLING PIN",
	}
	packs = [...]int64{1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 6, 12} // quantities, equally likely: mean 2.5
)

// catalogue is the range of products, most popular first.
type catalogue struct {
	products []Product
	byPrice  []int32 // indices of products, cheapest first
	mean     float64 // of price times quantity of a pick, minor units
	accept   []float64
	other    []int32
}

// newCatalogue invents n products. List prices are log-normal with median 2.25
// and mean about 3.10, end in 5 or 9 and are at least 0.19. Popularity follows
// Zipf and Mandelbrot: the weight of rank k = 0, 1, ... is (k+31)^-0.8.
func newCatalogue(seed uint64, n int) *catalogue {
	c := &catalogue{products: make([]Product, n), byPrice: make([]int32, n)}
	s := newStream(seed, forProducts, 0)
	const combos = len(looks) * len(motifs) * len(things)
	shift := s.below(combos)
	total := 0.0
	for k := range c.products {
		// 7919 is prime and divides neither modulus: no combination and no
		// number returns.
		d := (k*7919 + shift) % combos
		code := fmt.Sprintf("%05d", 20_000+(k*7919+shift)%70_000)
		if s.below(5) == 0 {
			code += string(rune('A' + s.below(6)))
		}
		price := int64(225 * exp(0.8*s.normal()))
		price -= price % 10
		if s.below(2) == 0 {
			price += 5
		} else {
			price += 9
		}
		c.products[k] = Product{
			Code:        code,
			Description: looks[d%len(looks)] + " " + motifs[d/len(looks)%len(motifs)] + " " + things[d/len(looks)/len(motifs)],
			Price:       max(19, price),
			Weight:      power(float64(k+31), -0.8),
		}
		total += c.products[k].Weight
		c.byPrice[k] = int32(k)
	}
	for k := range c.products {
		c.products[k].Weight /= total
		c.mean += float64(c.products[k].Weight * float64(c.products[k].Price))
	}
	c.mean *= 2.5
	slices.SortFunc(c.byPrice, func(a, b int32) int {
		if d := c.products[a].Price - c.products[b].Price; d != 0 {
			return int(d)
		}
		return int(a - b)
	})
	c.alias()
	return c
}

// alias prepares the method of Walker and Vose: a column k is taken as it is
// with probability accept[k] and stands for other[k] otherwise.
func (c *catalogue) alias() {
	n := len(c.products)
	c.accept, c.other = make([]float64, n), make([]int32, n)
	var small, large []int32
	for k, p := range c.products {
		c.accept[k] = p.Weight * float64(n)
		c.other[k] = int32(k)
		if c.accept[k] < 1 {
			small = append(small, int32(k))
		} else {
			large = append(large, int32(k))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		a, b := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		c.other[a] = b
		c.accept[b] -= 1 - c.accept[a]
		if c.accept[b] < 1 {
			large = large[:len(large)-1]
			small = append(small, b)
		}
	}
	for _, k := range small {
		c.accept[k] = 1
	}
	for _, k := range large {
		c.accept[k] = 1
	}
}

// pick returns a product by popularity.
func (c *catalogue) pick(s *stream) int32 {
	k := s.below(len(c.products))
	if s.uniform() < c.accept[k] {
		return int32(k)
	}
	return c.other[k]
}

// near returns a product whose list price is closest to the price, any of them
// if there are several.
func (c *catalogue) near(s *stream, price int64) int32 {
	at := func(i int) int64 { return c.products[c.byPrice[i]].Price }
	bound := func(p int64) int {
		i, _ := slices.BinarySearchFunc(c.byPrice, p, func(k int32, p int64) int {
			if c.products[k].Price < p {
				return -1
			}
			return 1
		})
		return i
	}
	i := bound(price)
	if i == len(c.byPrice) || i > 0 && price-at(i-1) < at(i)-price {
		i--
	}
	lo, hi := bound(at(i)), bound(at(i)+1)
	return c.byPrice[lo+s.below(hi-lo)]
}
