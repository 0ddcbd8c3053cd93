# Prints what telco_test.go holds trees of the Telco data against. The folder of the data is
# the argument.
library(rpart)
d <- read.csv(gzfile(file.path(commandArgs(TRUE)[1], "churn-telco", "Telco-Customer-Churn.csv.gz")), stringsAsFactors = TRUE)
d$customerID <- NULL
d$TotalCharges[is.na(d$TotalCharges)] <- 0
held <- (seq_len(nrow(d)) - 1) %% 5 == 0
fit <- rpart(Churn ~ ., d[!held, ], control = rpart.control(
  cp = -1, minsplit = 100, minbucket = 50, maxcompete = 0, maxsurrogate = 0, usesurrogate = 0, xval = 0))
print(fit$cptable, digits = 12)

y <- d$Churn[held] == "Yes"
measured <- function(fit) {
  p <- predict(fit, d[held, ])[, 2]
  r <- rank(p)
  auc <- (sum(r[y]) - sum(y) * (sum(y) + 1) / 2) / (sum(y) * sum(!y))
  cat(sum(fit$frame$var == "<leaf>"), "leaves, AUC", auc, "Brier score", mean((p - y)^2), "\n")
}
measured(fit)
measured(rpart(Churn ~ ., d[!held, ])) # as it prunes by default, cp = 0.01
