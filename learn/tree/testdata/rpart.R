# Writes rpart.json: classification trees of R's rpart on numbers and categories drawn here,
# grown without bound on cp and without surrogates, with their cptable, and the
# cross-validated error for given folds. Only cases without equally good splits are kept:
# the same nodes and errors where columns, values and levels are in reverse order.
suppressMessages({library(rpart); library(jsonlite)})

draw <- function(seed, n, k) {
  set.seed(seed)
  d <- data.frame(
    recency = round(rexp(n, 1 / 60), 1),
    orders = rpois(n, 4),
    spend = round(rlnorm(n, 3, 1), 2),
    channel = factor(sample(c("app", "mail", "phone", "shop", "web"), n, TRUE)),
    plan = factor(sample(c("basic", "plus"), n, TRUE)))
  score <- d$recency / 40 - d$orders / 3 + 1.2 * (d$channel %in% c("mail", "shop")) + (d$plan == "basic") * (d$spend > 20) + rnorm(n)
  d$y <- factor(findInterval(score, quantile(score, head(cumsum(if (k == 2) c(0.7, 0.3) else c(0.5, 0.3, 0.2)), -1))))
  d
}

mirror <- function(d) {
  for (name in names(d)) {
    if (is.numeric(d[[name]])) d[[name]] <- -d[[name]] else if (name != "y") d[[name]] <- factor(d[[name]], rev(levels(d[[name]])))
  }
  d[, rev(names(d))]
}

same <- function(a, b) {
  nodes <- function(fit) sort(apply(fit$frame$yval2, 1, function(v) paste(round(v[-length(v)], 9), collapse = " ")))
  identical(nodes(a), nodes(b)) && isTRUE(all.equal(unname(a$cptable), unname(b$cptable), tolerance = 1e-9))
}

one <- function(seed, ...) {
  for (attempt in 0:999) {
    case <- attempted(100 * seed + attempt, ...)
    if (!is.null(case)) {
      cat(seed, attempt, length(case$nodes), case$splits, "\n")
      return(case)
    }
  }
  stop("no case without ties")
}

attempted <- function(seed, n, k, split = "gini", minsplit = 20, minbucket = 7, depth = 30, prior = NULL, weights = NULL, folds = NULL) {
  d <- draw(seed, n, k)
  set.seed(seed + 1000)
  w <- if (is.null(weights)) rep(1, n) else sample(1:3, n, TRUE)
  xval <- if (is.null(folds)) 0 else if (folds == n) 1:n else sample(rep(1:folds, length.out = n))
  parms <- list(split = split)
  if (!is.null(prior)) parms$prior <- prior
  grow <- function(d) {
    rpart(y ~ ., d, weights = w, method = "class", parms = parms, control = rpart.control(
      cp = -1, minsplit = minsplit, minbucket = minbucket, maxdepth = depth,
      maxcompete = 0, maxsurrogate = 0, usesurrogate = 0, xval = xval))
  }
  fit <- grow(d)
  if (!same(fit, grow(mirror(d)))) return(NULL)
  f <- fit$frame
  counts <- f$yval2[, 1 + seq_len(k), drop = FALSE]
  asks <- which(f$var != "<leaf>")
  nodes <- lapply(seq_len(nrow(f)), function(i) {
    node <- list(counts = counts[i, ], risk = unbox(f$dev[i]), class = unbox(as.integer(f$yval[i]) - 1L))
    at <- match(i, asks)
    if (!is.na(at)) {
      s <- fit$splits[at, ]
      node$column <- unbox(as.character(f$var[i]))
      if (is.factor(d[[node$column]])) {
        sides <- fit$csplit[s["index"], seq_along(levels(d[[node$column]]))]
        node$left <- levels(d[[node$column]])[sides == 1]
        node$right <- levels(d[[node$column]])[sides == 3]
      } else node$threshold <- unbox(unname(s["index"]))
    }
    node
  })
  cp <- fit$cptable
  pruned <- lapply(seq_len(nrow(cp)), function(i) unname(predict(prune(fit, cp[i, "CP"] * (1 + 1e-9) + 1e-12), type = "vector")) - 1)
  list(
    split = unbox(split), minsplit = unbox(minsplit), minbucket = unbox(minbucket), depth = unbox(depth), prior = prior,
    columns = lapply(d[, 1:5], function(x) if (is.factor(x)) as.character(x) else x),
    classes = as.integer(d$y) - 1L, weights = w, folds = if (length(xval) > 1) xval,
    nodes = nodes, cp = unname(cp[, "CP"]), splits = unname(cp[, "nsplit"]), error = unname(cp[, "rel error"]),
    xerror = if (length(xval) > 1) unname(cp[, "xerror"]), xstd = if (length(xval) > 1) unname(cp[, "xstd"]), pruned = pruned)
}

cases <- list(
  gini = one(1, 200, 2, folds = 5),
  information = one(2, 200, 2, split = "information"),
  three_classes = one(3, 200, 3, folds = 4),
  prior = one(4, 200, 2, prior = c(0.5, 0.5)),
  weights = one(5, 150, 2, minsplit = 2, minbucket = 1, depth = 3, weights = TRUE),
  leave_one_out = one(6, 90, 2, minsplit = 10, minbucket = 4, folds = 90))
writeLines(toJSON(list(versions = list(R = unbox(as.character(getRversion())), rpart = unbox(as.character(packageVersion("rpart")))), cases = cases), digits = NA, null = "null"), "rpart.json")
