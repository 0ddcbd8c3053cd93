package churn

// reasonText is what is said of a measure. In the templates stand {value} with its unit,
// {event} and {events} for the kind, {name} for a channel, category or the caller's own
// feature, {days} for the window and {half} for half of it.
type reasonText struct {
	known, unknown Text
}

var (
	textNoEvent    = Text{"No {event} seen", "未见{event}"}
	textNoGap      = Text{"Bought on one day only, so there is no usual gap", "仅在一天购买过，尚无购买间隔"}
	textOnce       = Text{"Bought on one day only", "仅在一天购买过"}
	textNoRecent   = Text{"No purchase in the last {days} days", "最近{days}天无购买"}
	textNoHalves   = Text{"Too few purchases in the last {days} days to see a trend", "最近{days}天购买过少，看不出趋势"}
	textNoChannel  = Text{"No purchase with a known channel in the last {days} days", "最近{days}天没有已知渠道的购买"}
	textNoCategory = Text{"No purchase with a known category in the last {days} days", "最近{days}天没有已知品类的购买"}

	textSince       = Text{"Last {event} {value} ago", "最近一次{event}在{value}前"}
	textSilent      = Text{"No {event} for {value}", "已{value}未{event}"}                  // of purchases
	textSpent       = Text{"Spent {value} in the last {days} days", "最近{days}天消费{value}"} // likewise
	textSinceFirst  = Text{"First {event} {value} ago", "首次{event}在{value}前"}
	textMean        = Text{"Average order of {value}", "平均每单{value}"}
	textDays        = Text{"Days with a purchase so far: {value}", "累计购买天数：{value}"}
	textRate        = Text{"Purchase rate: {value}", "购买频率：{value}"}
	textSilenceMean = Text{"Silent for {value} the average gap between purchases", "沉默时间是平均购买间隔的{value}"}
	textSilenceHalf = Text{"Silent for {value} the usual gap between purchases", "沉默时间是平时购买间隔的{value}"}
	textSilenceLong = Text{"Silent for {value} the gap that 8 of 10 purchases keep within", "沉默时间是八成购买间隔上限的{value}"}
	textSurprise    = Text{
		"An active customer with these purchases is silent for so long with a probability of {value}",
		"有同样购买记录的活跃客户沉默这么久的概率为{value}",
	}
)

// reasonTexts has the templates of every measure.
var reasonTexts = [...]reasonText{
	measureCount:             {Text{"{value} {events} in the last {days} days", "最近{days}天{event}{value}次"}, textNoEvent},
	measureSum:               {Text{"Got {value} of {events} in the last {days} days", "最近{days}天{event}金额{value}"}, textNoEvent},
	measureDaysSince:         {textSince, textNoEvent},
	measureDaysSinceLog:      {textSince, textNoEvent},
	measureDaysSinceFirst:    {textSinceFirst, textNoEvent},
	measureDaysSinceFirstLog: {textSinceFirst, textNoEvent},
	measureMean:              {textMean, textNoEvent},
	measureMeanLog:           {textMean, textNoEvent},
	measureMaxShare:          {Text{"The largest order is {value} of all spending", "最大一单占全部消费的{value}"}, textNoEvent},
	measureLastRatioLog: {
		Text{"Spent {value} the own average on the last purchase day", "最近一次购买额是自身平均的{value}"},
		Text{"Spending on the last purchase day cannot be compared", "最近一次购买额无法比较"},
	},
	measureDays:             {textDays, textNoEvent},
	measureDaysLog:          {textDays, textNoEvent},
	measureRate:             {textRate, Text{"First purchase a day ago, too soon for a rate", "首次购买仅一天，尚无频率"}},
	measureRateLog:          {textRate, textNoEvent},
	measureSpanShare:        {Text{"Purchases span {value} of the time since the first", "购买跨度占首购以来时间的{value}"}, textNoGap},
	measureGapMean:          {Text{"Buys every {value} on average", "平均每{value}购买一次"}, textNoGap},
	measureGapMedian:        {Text{"Usually buys every {value}", "平时约{value}购买一次"}, textNoGap},
	measureGapSD:            {Text{"Gaps between purchases vary by {value}", "购买间隔的波动为{value}"}, textNoGap},
	measureGapCV:            {Text{"Gaps between purchases vary by {value} their average", "购买间隔的波动是平均间隔的{value}"}, textNoGap},
	measureGapLast:          {Text{"The last gap between purchases was {value}", "最近一次购买间隔为{value}"}, textNoGap},
	measureGapQ80:           {Text{"8 of 10 gaps between purchases are within {value}", "八成购买间隔不超过{value}"}, textNoGap},
	measureGapQ90:           {Text{"9 of 10 gaps between purchases are within {value}", "九成购买间隔不超过{value}"}, textNoGap},
	measureGapMax:           {Text{"The longest gap between purchases was {value}", "最长购买间隔为{value}"}, textNoGap},
	measureSilenceMean:      {textSilenceMean, textNoGap},
	measureSilenceMedian:    {textSilenceHalf, textNoGap},
	measureSilenceQ80:       {textSilenceLong, textNoGap},
	measureSilenceMeanLog:   {textSilenceMean, textNoGap},
	measureSilenceMedianLog: {textSilenceHalf, textNoGap},
	measureSilenceQ80Log:    {textSilenceLong, textNoGap},
	measureSurprise:         {textSurprise, textNoEvent},
	measureSurpriseLog:      {textSurprise, textNoEvent},
	measureTrend: {
		Text{"{events} in the last {half} days are about {value} those of the {half} days before", "最近{half}天{event}次数约为此前{half}天的{value}"},
		textNoHalves,
	},
	measureSpendTrend: {
		Text{"The average order of the last {half} days is {value} that of the {half} days before", "最近{half}天平均每单是此前{half}天的{value}"},
		textNoHalves,
	},
	measureRefundShare:   {Text{"{value} of the spending of the last {days} days was refunded", "最近{days}天消费的{value}被退款"}, textNoRecent},
	measureChannelShare:  {Text{"{value} of purchases in the last {days} days through {name}", "最近{days}天{value}的购买来自渠道{name}"}, textNoChannel},
	measureChannelCount:  {Text{"Bought through {value} channels in the last {days} days", "最近{days}天使用{value}个渠道购买"}, textNoChannel},
	measureChannelLast:   {Text{"Last purchase through {value}", "最近一次购买渠道为{value}"}, Text{"The channel of the last purchase is not known", "最近一次购买渠道未知"}},
	measureCategoryShare: {Text{"{value} of purchases in the last {days} days of {name}", "最近{days}天{value}的购买属于品类{name}"}, textNoCategory},
	measureCategoryCount: {Text{"Bought of {value} categories in the last {days} days", "最近{days}天购买{value}个品类"}, textNoCategory},
	measureCategoryLast:  {Text{"Last purchase of {value}", "最近一次购买品类为{value}"}, Text{"The category of the last purchase is not known", "最近一次购买品类未知"}},
	measureWeekendShare:  {Text{"{value} of purchases on weekends", "{value}的购买在周末"}, textNoEvent},
	measureEveningShare:  {Text{"{value} of purchases in the evening, from 18:00", "{value}的购买在18点以后"}, textNoEvent},
	measureNightShare:    {Text{"{value} of purchases at night, until 6:00", "{value}的购买在凌晨6点以前"}, textNoEvent},
	measureMonth:         {Text{"The month is {value}", "当前月份为{value}"}, Text{"The month is not known", "月份未知"}},
	measureOwn:           {Text{"{name}: {value}", "{name}：{value}"}, Text{"{name} is not known", "{name}未知"}},
}

// Sentences that set a silence beside the customer's own rhythm: {silence} and {gap} are days.
var (
	textRhythm = Text{"No purchase for {silence}; usually every {gap}", "已{silence}未购买，平时约{gap}一次"}
	textJust   = Text{"Bought on the last day; usually every {gap}", "前一天刚购买，平时约{gap}一次"}

	textTimesMean   = Text{"No purchase for {silence}, {value} the average gap of {gap}", "已{silence}未购买，是平均间隔{gap}的{value}"}
	textTimesMedian = Text{"No purchase for {silence}, {value} the usual gap of {gap}", "已{silence}未购买，是平时间隔{gap}的{value}"}
	textTimesQ80    = Text{"No purchase for {silence}, {value} the {gap} that 8 of 10 gaps keep within", "已{silence}未购买，是八成购买间隔上限{gap}的{value}"}

	textSurprised = Text{
		"No purchase for {silence}; an active customer with these purchases is silent for so long with a probability of {value}",
		"已{silence}未购买，有同样购买记录的活跃客户沉默这么久的概率为{value}",
	}

	textTypical  = Text{" (typical: {value})", "（一般：{value}）"}
	textOther    = Text{"any other", "其他"}
	textNoRepeat = Text{"no repeat so far", "尚无复购"}
)

type kindText struct{ one, many, chinese string }

// kindTexts name the kinds of events that the package knows.
var kindTexts = map[string]kindText{
	Purchase: {"purchase", "purchases", "购买"},
	Refund:   {"refund", "refunds", "退款"},
	Contact:  {"service contact", "service contacts", "联系客服"},
}
