package rfm

// The names that segment tables share.
var (
	champions = Group{"champions", Text{"Champions", "冠军客户"}, Text{
		"Reward them, give early access, ask for reviews and referrals.", "奖励回馈，新品优先，邀请评价与推荐。",
	}}
	loyal = Group{"loyal", Text{"Loyal Customers", "忠诚客户"}, Text{
		"Offer a membership and higher-value products.", "引导入会，推荐更高价值的商品。",
	}}
	potentialLoyalist = Group{"potential-loyalist", Text{"Potential Loyalist", "潜在忠诚客户"}, Text{
		"Bring them to the next order with a loyalty offer.", "用会员权益促成下一单。",
	}}
	newCustomers = Group{"new", Text{"New Customers", "新客户"}, Text{
		"Welcome them, help with the first purchase, suggest the second.", "欢迎并做好首购服务，推荐第二次购买。",
	}}
	promising = Group{"promising", Text{"Promising", "有潜力客户"}, Text{
		"Build awareness; try small offers.", "提升品牌认知，以小额优惠试探。",
	}}
	needAttention = Group{"need-attention", Text{"Need Attention", "需要关注"}, Text{
		"Make a limited offer based on what they bought.", "按购买偏好推出限时优惠。",
	}}
	aboutToSleep = Group{"about-to-sleep", Text{"About To Sleep", "即将沉睡"}, Text{
		"Remind them with popular products and a small discount.", "用热销商品和小额折扣提醒。",
	}}
	atRisk = Group{"at-risk", Text{"At Risk", "有流失风险"}, Text{
		"Write personally, offer help and a reason to return.", "个性化沟通，提供帮助与回归理由。",
	}}
	cantLose = Group{"cant-lose", Text{"Can't Lose Them", "不能失去"}, Text{
		"Call them, find out what went wrong, win them back.", "主动致电，了解原因，全力挽回。",
	}}
	hibernating = Group{"hibernating", Text{"Hibernating", "沉睡客户"}, Text{
		"Try a relevant offer at low cost.", "以低成本推送相关优惠。",
	}}
	lost = Group{"lost", Text{"Lost", "已流失"}, Text{
		"Try once with a campaign, then save the money.", "尝试一次召回，无效则不再投入。",
	}}
)

// Eleven returns the default table: the eleven well-known names on the 5 by 5
// grid of the recency score and the rounded mean of the frequency and monetary
// scores. It is total and disjoint, and every name can be reached: one common
// reading of the published names, since the published ranges ([Published])
// have holes. New Customers are R 5, FM 1. With [MidRank], FM 1 takes that at most
// two in five customers ordered once; cut frequency by [Fixed] thresholds where
// there are more.
func Eleven() *SegmentTable {
	cells := func(g Group, cells ...string) Segment {
		s := Segment{Group: g}
		for _, c := range cells {
			r, fm := c[0]-'0', c[1]-'0'
			s.Rules = append(s.Rules, Rule{R: Range{r, r}, FM: Range{fm, fm}})
		}
		return s
	}
	return &SegmentTable{Name: "eleven", Bins: 5, Segments: []Segment{
		cells(champions, "55", "54", "45"),
		cells(loyal, "53", "44", "35", "34"),
		cells(potentialLoyalist, "52", "42", "33", "43"),
		cells(newCustomers, "51"),
		cells(promising, "41", "31"),
		cells(needAttention, "32", "23", "22"),
		cells(aboutToSleep, "21"),
		cells(atRisk, "25", "24", "13"),
		cells(cantLose, "15", "14"),
		cells(hibernating, "12"),
		cells(lost, "11"),
	}}
}

// Published returns the eleven segments with the ranges they are usually
// printed with (documentation of the R package rfm; Putler), the first that
// holds winning. Kept for comparison: of its 125 scores 36 have no segment and
// 42 more than one, and New Customers, Promising, Can't Lose Them and Lost
// can never be assigned, as Validate shows.
func Published() *SegmentTable {
	return &SegmentTable{Name: "published", Bins: 5, Segments: []Segment{
		box(champions, 4, 5, 4, 5, 4, 5),
		box(loyal, 2, 5, 3, 5, 3, 5),
		box(potentialLoyalist, 3, 5, 1, 3, 1, 3),
		box(newCustomers, 4, 5, 1, 1, 1, 1),
		box(promising, 3, 4, 1, 1, 1, 1),
		box(needAttention, 2, 3, 2, 3, 2, 3),
		box(aboutToSleep, 2, 3, 1, 2, 1, 2),
		box(atRisk, 1, 2, 2, 5, 2, 5),
		box(cantLose, 1, 1, 4, 5, 4, 5),
		box(hibernating, 1, 2, 1, 2, 1, 2),
		box(lost, 1, 2, 1, 2, 1, 2),
	}}
}

// RTable returns the ten segments of the R package rfm 0.3, the first that
// holds winning. Kept for comparison: it leaves 10 of 125 scores without a
// segment, and 58 have more than one.
func RTable() *SegmentTable {
	return &SegmentTable{Name: "r-rfm-0.3", Bins: 5, Segments: []Segment{
		box(champions, 5, 5, 5, 5, 5, 5),
		box(potentialLoyalist, 3, 5, 3, 5, 2, 5),
		box(loyal, 2, 4, 2, 4, 2, 4),
		box(promising, 3, 4, 1, 3, 3, 5),
		box(newCustomers, 4, 5, 1, 3, 1, 5),
		box(cantLose, 1, 2, 3, 4, 4, 5),
		box(atRisk, 1, 2, 2, 5, 4, 5),
		box(needAttention, 1, 3, 3, 5, 3, 5),
		box(aboutToSleep, 2, 3, 1, 3, 1, 4),
		box(lost, 1, 1, 1, 5, 1, 5),
	}}
}

func box(g Group, r0, r1, f0, f1, m0, m1 uint8) Segment {
	return Segment{Group: g, Rules: []Rule{{R: Range{r0, r1}, F: Range{f0, f1}, M: Range{m0, m1}}}}
}
