# The classes of rfm_table_customer of the R package rfm 0.3, in base R: bounds by its bins_lower and bins_upper, then
# lower <= v < upper, recency from the best score down. Printed by R 4.2.2:
#
#	Rscript binning.R > binning_r.tsv
values <- read.delim("binning.tsv")
for (bins in c(3, 5, 7, 11)) {
  for (name in names(values)) {
    v <- values[[name]]
    inner <- unname(quantile(v, probs = seq(0, 1, length.out = bins + 1)))[2:bins] + 1
    lower <- append(min(v), inner)
    upper <- append(inner, max(v) + 1)
    score <- rep(NA, length(v))
    for (i in seq_len(bins)) {
      score[v >= lower[i] & v < upper[i]] <- if (name == "recency") bins + 1 - i else i
    }
    cat(bins, name, "cuts", sprintf("%.17g", inner), sep = "\t")
    cat("\n")
    cat(bins, name, "scores", score, sep = "\t")
    cat("\n")
  }
}
