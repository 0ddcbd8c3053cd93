package score

// ShiftPrior turns a probability p of a model whose rows came true in the share from into
// that for rows where the share is to, and which are otherwise alike (Elkan 2001; Saerens,
// Latinne and Decaestecker 2002):
//
//	logit(p') = logit(p) + logit(to) - logit(from)
//
// It keeps 0 and 1. All are from 0 to 1, from and to strictly between; otherwise the result
// is NaN or without meaning.
func ShiftPrior(p, from, to float64) float64 {
	return shiftOdds(p, to*(1-from), from*(1-to))
}

// CorrectSampling turns a probability p of a model that was fitted on all rows that came
// true and only the share kept, above 0, of the others, into that for all rows:
// kept·p/(kept·p + 1 - p) (Dal Pozzolo and others 2015). Weighting the others by kept is
// the same.
func CorrectSampling(p, kept float64) float64 { return shiftOdds(p, kept, 1) }

// shiftOdds multiplies the odds of p by up/down.
func shiftOdds(p, up, down float64) float64 {
	return up * p / (up*p + down*(1-p))
}
