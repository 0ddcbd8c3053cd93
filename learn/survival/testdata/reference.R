# Freezes results of R's package survival on made-up data: Rscript reference.R > reference.json
# The results on Rossi's data (in R's package carData, GPL, so not itself in the repository) are frozen
# too; the test reads the data out of that package, or from rossi.csv as written by
# Rscript -e 'write.csv(carData::Rossi[, 1:9], "rossi.csv", row.names = FALSE)'
suppressMessages({ library(survival); library(jsonlite) })
options(warn = 2)
set.seed(20)
n <- 240
x <- round(rnorm(n), 2); z <- round(rexp(n) * 30 + 100, 1)
g <- sample(c("a", "b", "c"), n, TRUE, c(.5, .3, .2))
s <- sample(c("north", "south"), n, TRUE)
id <- sample(80, n, TRUE)
w <- sample(c(.5, 1, 1.5, 2), n, TRUE)
count <- sample(1:3, n, TRUE)
end <- ceiling(rexp(n, .05 * exp(.5 * x - .004 * (z - 130) + (g == "b") * .6 - .3 * (g == "c"))))
stop <- round(runif(n, 5, 40))
exit <- pmin(end, stop); event <- as.integer(end <= stop)
entry <- pmax(0, pmin(exit - 1, round(runif(n, -10, 15))))
risk <- round(x, 1)
d <- data.frame(x, z, risk, g, s, id, w, count, exit, event, entry)
fine <- transform(d, exit = round(exit - (((1:n) * 37) %% 240) / 300, 4)) # no ties
fine$entry <- pmax(0, round(fine$entry - .9871, 4))

test <- function(fit, data) {
  o <- summary(fit)
  at <- data.frame(x = c(-1, .5), z = c(110, 180), g = c("a", "c"))
  zph <- function(tr) { t <- cox.zph(fit, tr)$table; list(chisq = t[, 1], df = t[, 2], p = t[, 3]) }
  out <- list(coefficients = coef(fit), stderr = sqrt(diag(fit$var)), loglik = fit$loglik, score = fit$score,
    wald = unname(fit$wald.test), lr = unname(o$logtest[1]), covariance = as.vector(fit$var),
    naive = sqrt(diag(if (is.null(fit$naive.var)) fit$var else fit$naive.var)), zph_identity = zph("identity"))
  if (is.null(fit$weights)) out$zph_km <- zph("km")
  at_times <- c(3, 10.5, 20)
  sf <- summary(survfit(fit, newdata = transform(at, s = "south"), se.fit = FALSE), times = at_times, extend = TRUE)
  out$survival <- matrix(sf$surv, nrow = length(at_times))
  out
}
conc <- function(f, data, ...) {
  c <- do.call(concordance, list(f, data = data, reverse = TRUE, keepstrata = FALSE, ...))
  list(c = unname(c$concordance), count = unname(c$count), se = sqrt(c$var))
}
km <- function(f, data, ...) {
  k <- do.call(survfit, list(f, data = data, conf.type = "log-log", robust = FALSE, ...))
  keep <- k$n.event > 0
  q <- quantile(k, c(.25, .5, .75))
  list(time = k$time[keep], n = k$n.risk[keep], events = k$n.event[keep], surv = k$surv[keep],
    stderr = (k$surv * k$std.err)[keep], low = k$lower[keep], high = k$upper[keep], cumhaz = k$cumhaz[keep],
    chazse = k$std.chaz[keep], quantile = unname(q$quantile), qlow = unname(q$lower), qhigh = unname(q$upper),
    rmean = unname(summary(k, rmean = 20)$table[c("rmean", "se(rmean)")]))
}
diff <- function(f, data) {
  t <- survdiff(f, data)
  m <- function(v) if (is.matrix(v)) rowSums(v) else v
  list(obs = m(t$obs), exp = m(t$exp), chisq = t$chisq, df = length(t$n) - 1, p = t$pvalue)
}
ctl <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
run <- function(formula, data, ...) test(do.call(coxph, list(formula, data = data, control = ctl, ...)), data)
Y <- Surv(exit, event) ~ x + z + g
C <- Surv(entry, exit, event) ~ x + z + g
YS <- update(Y, . ~ . + strata(s)); CS <- update(C, . ~ . + strata(s))
rossi <- {
  d3 <- carData::Rossi
  r <- transform(d3, fin = (fin == "yes") + 0, race = (race == "black") + 0, wexp = (wexp == "yes") + 0,
    mar = (mar == "married") + 0, paro = (paro == "yes") + 0)
  F <- Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio
  one <- function(ties) {
    fit <- coxph(F, r, ties = ties, control = ctl, x = TRUE)
    list(coefficients = coef(fit), stderr = sqrt(diag(fit$var)), loglik = fit$loglik, score = fit$score,
      wald = unname(fit$wald.test), c = unname(concordance(fit)$concordance), c_se = sqrt(concordance(fit)$var),
      count = unname(concordance(fit)$count),
      zph_km = as.list(as.data.frame(cox.zph(fit)$table)), zph_identity = as.list(as.data.frame(cox.zph(fit, "identity")$table)))
  }
  list(efron = one("efron"), breslow = one("breslow"), km = km(Surv(week, arrest) ~ 1, r), logrank = diff(Surv(week, arrest) ~ fin, r),
    logrank_strata = diff(Surv(week, arrest) ~ fin + strata(race), r))
}
out <- list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))),
  data = as.list(d), fine = list(exit = fine$exit, entry = fine$entry),
  cox = list(
    efron = run(Y, d), breslow = run(Y, d, ties = "breslow"), strata = run(YS, d), weights = run(Y, d, weights = d$w, robust = FALSE),
    cluster = run(Y, d, cluster = d$id), strata_weights_cluster = run(YS, d, weights = d$w, cluster = d$id),
    breslow_weights_cluster = run(Y, d, weights = d$w, cluster = d$id, ties = "breslow"),
    entry = run(C, d), entry_breslow = run(C, d, ties = "breslow"), entry_strata = run(CS, d),
    entry_strata_weights_cluster = run(CS, d, weights = d$w, cluster = d$id),
    fine = run(Y, fine), fine_entry_cluster = run(C, fine, cluster = d$id)),
  concordance = list(plain = conc(Surv(exit, event) ~ risk, d), weights = conc(Surv(exit, event) ~ risk, d, weights = d$w),
    strata = conc(Surv(exit, event) ~ risk + strata(s), d), entry = conc(Surv(entry, exit, event) ~ risk, d),
    entry_strata_weights = conc(Surv(entry, exit, event) ~ risk + strata(s), d, weights = d$w)),
  km = list(plain = km(Surv(exit, event) ~ 1, d), weights = km(Surv(exit, event) ~ 1, d, weights = d$count),
    entry = km(Surv(entry, exit, event) ~ 1, d)),
  logrank = list(plain = diff(Surv(exit, event) ~ g, d), strata = diff(Surv(exit, event) ~ g + strata(s), d),
    two = diff(Surv(exit, event) ~ s, d)),
  rossi = rossi)
cat(toJSON(out, digits = NA, auto_unbox = TRUE, dataframe = "columns", na = "null"), "\n")
