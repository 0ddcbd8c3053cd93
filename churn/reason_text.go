package churn

// reasonText is what is said of a measure; of the value 0 that is none, and of the whole of something all, where they
// are there. In the templates stand {value} with its unit, {event} and {events} for the kind, {name} for a channel,
// category or the caller's own feature, {days} for the window of the column and {half} for half of it, and {within} for
// the window of the plan, beyond which nothing is seen.
type reasonText struct {
	known, unknown Text
	none, all      Text
}

var (
	textNoEvent    = Text{"No {event} seen", "未见{event}"}
	textOnce       = Text{"Bought on one day only{within}", "{within}仅在一天购买过"}
	textFewGaps    = Text{"Too few purchases to say how regular they are", "购买过少，看不出是否规律"}
	textNoRecent   = Text{"No purchase in the last {days} days", "最近{days}天无购买"}
	textNoHalves   = Text{"Too few purchases in the last {days} days to see a trend", "最近{days}天购买过少，看不出趋势"}
	textNoChannel  = Text{"No purchase with a known channel in the last {days} days", "最近{days}天没有已知渠道的购买"}
	textNoCategory = Text{"No purchase with a known category in the last {days} days", "最近{days}天没有已知品类的购买"}

	textSince       = Text{"Last {event} {value} ago", "最近一次{event}在{value}前"}
	textSilent      = Text{"No {event} for {value}", "已{value}未{event}"}                  // of purchases
	textSpent       = Text{"Spent {value} in the last {days} days", "最近{days}天消费{value}"} // likewise
	textSinceFirst  = Text{"First {event}{within}: {value} ago", "{within}首次{event}在{value}前"}
	textSpan        = Text{"Kept buying for {value} of the time since the first purchase{within}", "{within}首购以来{value}的时间内持续购买"}
	textMean        = Text{"Average order of {value}", "平均每单{value}"}
	textDays        = Text{"Days with a purchase{within}: {value}", "{within}购买天数：{value}"}
	textSilenceMean = Text{"Silent for {value} the average gap between purchases", "沉默时间是平均购买间隔的{value}"}
	textSilenceHalf = Text{"Silent for {value} the usual gap between purchases", "沉默时间是平时购买间隔的{value}"}
	textSilenceLong = Text{"Silent for {value} the gap that 8 of 10 purchases keep within", "沉默时间是八成购买间隔上限的{value}"}
	textSurprise    = Text{
		"{value} of active customers with these purchases are silent for so long",
		"有同样购买记录的活跃客户中，{value}会沉默这么久",
	}
)

// reasonTexts has the templates of every measure.
var reasonTexts = [...]reasonText{
	measureCount: {
		known: Text{"{value} {events} in the last {days} days", "最近{days}天{event}{value}次"}, unknown: textNoEvent,
		none: Text{"No {event} in the last {days} days", "最近{days}天无{event}"},
	},
	measureSum: {
		known: Text{"{events} of {value} in the last {days} days", "最近{days}天{event}金额{value}"}, unknown: textNoEvent,
		none: Text{"No money refunded in the last {days} days", "最近{days}天无退款金额"}, // Spent says it of purchases
	},
	measureDaysSince:         {known: textSince, unknown: textNoEvent},
	measureDaysSinceLog:      {known: textSince, unknown: textNoEvent},
	measureDaysSinceFirst:    {known: textSinceFirst, unknown: textNoEvent},
	measureDaysSinceFirstLog: {known: textSinceFirst, unknown: textNoEvent},
	measureMean:              {known: textMean, unknown: textNoEvent},
	measureMeanLog:           {known: textMean, unknown: textNoEvent},
	measureMaxShare: {
		known: Text{"The largest order is {value} of all spending{within}", "最大一单占{within}全部消费的{value}"}, unknown: textNoEvent,
		all: Text{"All spending{within} is one order", "{within}全部消费来自一单"},
	},
	measureLastRatioLog: {
		known:   Text{"Spent {value} their average on the last purchase day", "最近一次购买额是自身平均的{value}"},
		unknown: Text{"Spending on the last purchase day cannot be compared", "最近一次购买额无法比较"},
	},
	measureDays:             {known: textDays, unknown: textNoEvent},
	measureDaysLog:          {known: textDays, unknown: textNoEvent},
	measureRate:             {known: Text{"Purchase rate: {value}", "购买频率：{value}"}, unknown: Text{"First purchase a day ago, too soon for a rate", "首次购买仅一天，尚无频率"}},
	measureRateLog:          {known: Text{"Estimated purchase rate: {value}", "估计购买频率：{value}"}, unknown: textNoEvent},
	measureSpanShare:        {known: Text{"Silent for {value} of the time since the first purchase{within}", "{within}首购以来{value}的时间处于沉默"}, unknown: textOnce},
	measureGapMean:          {known: Text{"Buys every {value} on average", "平均每{value}购买一次"}, unknown: textOnce},
	measureGapMedian:        {known: Text{"Usually buys every {value}", "平时约{value}购买一次"}, unknown: textOnce},
	measureGapSD:            {known: Text{"Gaps between purchases vary by {value}", "购买间隔的波动为{value}"}, unknown: textFewGaps},
	measureGapCV:            {known: Text{"Gaps between purchases vary by {value} their average", "购买间隔的波动是平均间隔的{value}"}, unknown: textFewGaps},
	measureGapLast:          {known: Text{"The last gap between purchases was {value}", "最近一次购买间隔为{value}"}, unknown: textOnce},
	measureGapQ80:           {known: Text{"8 of 10 gaps between purchases are within {value}", "八成购买间隔不超过{value}"}, unknown: textOnce},
	measureGapQ90:           {known: Text{"9 of 10 gaps between purchases are within {value}", "九成购买间隔不超过{value}"}, unknown: textOnce},
	measureGapMax:           {known: Text{"The longest gap between purchases was {value}", "最长购买间隔为{value}"}, unknown: textOnce},
	measureSilenceMean:      {known: textSilenceMean, unknown: textOnce},
	measureSilenceMedian:    {known: textSilenceHalf, unknown: textOnce},
	measureSilenceQ80:       {known: textSilenceLong, unknown: textOnce},
	measureSilenceMeanLog:   {known: textSilenceMean, unknown: textOnce},
	measureSilenceMedianLog: {known: textSilenceHalf, unknown: textOnce},
	measureSilenceQ80Log:    {known: textSilenceLong, unknown: textOnce},
	measureSurprise:         {known: textSurprise, unknown: textNoEvent},
	measureSurpriseLog:      {known: textSurprise, unknown: textNoEvent},
	measureTrend: {
		known:   Text{"{events} in the last {half} days are about {value} those of the {half} days before", "最近{half}天{event}次数约为此前{half}天的{value}"},
		unknown: textNoHalves,
	},
	measureSpendTrend: {
		known:   Text{"The average order of the last {half} days is {value} that of the {half} days before", "最近{half}天平均每单是此前{half}天的{value}"},
		unknown: textNoHalves,
	},
	measureRefundShare: {
		known: Text{"{value} of the spending of the last {days} days was refunded", "最近{days}天消费的{value}被退款"}, unknown: textNoRecent,
		none: Text{"None of the spending of the last {days} days was refunded", "最近{days}天消费无退款"},
		all:  Text{"All spending of the last {days} days was refunded", "最近{days}天消费全部退款"},
	},
	measureChannelShare: {
		known: Text{"{value} of purchases in the last {days} days through {name}", "最近{days}天{value}的购买来自渠道{name}"}, unknown: textNoChannel,
		none: Text{"No purchase in the last {days} days through {name}", "最近{days}天无渠道{name}的购买"},
		all:  Text{"All purchases in the last {days} days through {name}", "最近{days}天的购买全部来自渠道{name}"},
	},
	measureChannelCount: {known: Text{"Channels of purchases in the last {days} days: {value}", "最近{days}天使用{value}个渠道购买"}, unknown: textNoChannel},
	measureChannelLast:  {known: Text{"Last purchase through {value}", "最近一次购买渠道为{value}"}, unknown: Text{"The channel of the last purchase is not known", "最近一次购买渠道未知"}},
	measureCategoryShare: {
		known: Text{"{value} of purchases in the last {days} days of {name}", "最近{days}天{value}的购买属于品类{name}"}, unknown: textNoCategory,
		none: Text{"No purchase in the last {days} days of {name}", "最近{days}天无品类{name}的购买"},
		all:  Text{"All purchases in the last {days} days of {name}", "最近{days}天的购买全部属于品类{name}"},
	},
	measureCategoryCount: {known: Text{"Categories of purchases in the last {days} days: {value}", "最近{days}天购买{value}个品类"}, unknown: textNoCategory},
	measureCategoryLast:  {known: Text{"Last purchase of {value}", "最近一次购买品类为{value}"}, unknown: Text{"The category of the last purchase is not known", "最近一次购买品类未知"}},
	measureWeekendShare: {
		known: Text{"{value} of purchases{within} on weekends", "{within}{value}的购买在周末"}, unknown: textNoEvent,
		none: Text{"No purchase on weekends{within}", "{within}未在周末购买"}, all: Text{"All purchases{within} on weekends", "{within}购买全部在周末"},
	},
	measureEveningShare: {
		known: Text{"{value} of purchases{within} in the evening, from 18:00", "{within}{value}的购买在18点以后"}, unknown: textNoEvent,
		none: Text{"No purchase{within} in the evening, from 18:00", "{within}未在18点以后购买"}, all: Text{"All purchases{within} in the evening, from 18:00", "{within}购买全部在18点以后"},
	},
	measureNightShare: {
		known: Text{"{value} of purchases{within} at night, until 6:00", "{within}{value}的购买在凌晨6点以前"}, unknown: textNoEvent,
		none: Text{"No purchase{within} at night, until 6:00", "{within}未在凌晨6点以前购买"}, all: Text{"All purchases{within} at night, until 6:00", "{within}购买全部在凌晨6点以前"},
	},
	measureMonth: {known: Text{"The month is {value}", "当前月份为{value}"}, unknown: Text{"The month is not known", "月份未知"}},
	measureOwn:   {known: Text{"{name}: {value}", "{name}：{value}"}, unknown: Text{"{name} is not known", "{name}未知"}},
}

// Sentences that set a silence beside the customer's own rhythm: {silence} and {gap} are days.
var (
	textRhythm = Text{"No purchase for {silence}; usually every {gap}", "已{silence}未购买，平时约{gap}一次"}
	textJust   = Text{"Bought on the last day; usually every {gap}", "前一天刚购买，平时约{gap}一次"}

	textTimesMean   = Text{"No purchase for {silence}, {value} the average gap of {gap}", "已{silence}未购买，是平均间隔{gap}的{value}"}
	textTimesMedian = Text{"No purchase for {silence}, {value} the usual gap of {gap}", "已{silence}未购买，是平时间隔{gap}的{value}"}
	textTimesQ80    = Text{"No purchase for {silence}, {value} the {gap} that 8 of 10 gaps keep within", "已{silence}未购买，是八成购买间隔上限{gap}的{value}"}

	textSurprised = Text{
		"No purchase for {silence}; {value} of active customers with these purchases are silent for so long",
		"已{silence}未购买，有同样购买记录的活跃客户中，{value}会沉默这么久",
	}

	textHalves   = Text{"{value} {events} in the last {half} days, {before} in the {half} days before", "最近{half}天{event}{value}次，此前{half}天{before}次"}
	textNoHalf   = Text{"No {event} in the last {half} days, {before} in the {half} days before", "最近{half}天无{event}，此前{half}天{before}次"}
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
