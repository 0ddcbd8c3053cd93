# The R side: reads a job as a JSON line, answers with a JSON line.
# Usage: survival.R DIRECTORY. The directory holds columns as raw numbers and gets the answers.
suppressPackageStartupMessages(library(survival))
dir <- commandArgs(TRUE)[1]
read <- function(name) {
  file <- file.path(dir, name)
  readBin(file, "double", file.size(file) / 8)
}
say <- function(...) {
  cat(sprintf(...), "\n", sep = "")
  flush(stdout())
}
field <- function(line, name) sub(paste0('.*"', name, '":"([^"]*)".*'), "\\1", line)

# The quickest calls that give the answer, and coxph, which is what people call.
jobs <- list(
  coxph = function() coxph(y ~ ., data = d, model = FALSE, y = FALSE),
  coxph.fit = function() coxph.fit(x, y, NULL, NULL, NULL, coxph.control(), NULL, "efron", NULL),
  concordance = function() concordancefit(y, risk, reverse = TRUE),
  survfit = function() survfit(y ~ 1, conf.type = "log-log")
)
values <- list(
  coxph = function(r) c(coef(r), sqrt(diag(r$var))),
  coxph.fit = function(r) c(r$coefficients, sqrt(diag(r$var))),
  concordance = function(r) c(r$concordance, sqrt(r$var)),
  survfit = function(r) {
    at <- r$n.event > 0
    c(r$surv[at], r$lower[at], r$upper[at])
  }
)

say('{"version":"survival %s, R %s.%s"}', packageVersion("survival"), R.version$major, R.version$minor)
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) > 0) {
  what <- field(line, "do")
  task <- field(line, "task")
  if (what == "prepare") {
    if (!exists("y")) {
      y <- Surv(read("exit"), read("event"))
      x <- matrix(read("columns"), nrow(y))
      risk <- x[, 1]
      d <- as.data.frame(x)
    }
    say("{}")
  } else if (what == "run") {
    result <- NULL
    gc()
    start <- proc.time()
    result <- jobs[[task]]()
    took <- proc.time() - start
    say('{"wall":%.3f,"cpu":%.3f}', took[[3]], took[[1]] + took[[2]])
  } else {
    writeBin(as.double(values[[task]](result)), file.path(dir, "values"))
    result <- NULL
    say("{}")
  }
}
