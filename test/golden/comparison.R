#!/usr/bin/Rscript
# Golden values of test/sql/comparison.sql, from pROC 1.18 (Debian's r-cran-proc): areas and DeLong's test.
#
#     Rscript test/golden/comparison.R
#
# Not run by `make check`: the values stand in the test. pROC compares the first with the second, so its Z is turned round.
suppressPackageStartupMessages(library(pROC))

show <- function(name, rows, ties) {
  i <- seq_len(rows)
  label <- (i * 7919) %% 997 < 300
  a <- (i * 7919) %% 997 + (i * 104729) %% 1009
  b <- (i * 7919) %% 997 + 2 * ((i * 31337) %% 1013)
  if (ties) {
    a <- a %/% 50
    b <- b %/% 50
  }
  roc_a <- roc(label, a, levels = c(FALSE, TRUE), direction = "<", quiet = TRUE)
  roc_b <- roc(label, b, levels = c(FALSE, TRUE), direction = "<", quiet = TRUE)
  test <- roc.test(roc_b, roc_a, method = "delong", paired = TRUE)
  values <- c(auc(roc_a), auc(roc_b), abs(auc(roc_b) - auc(roc_a)) / abs(test$statistic), test$p.value)
  cat(sprintf("('%s', %d, %d, %s)", name, rows, if (ties) 50 else 1, paste(sprintf("%.17g", values), collapse = ", ")), "\n")
}

show("ties", 3000, TRUE)
show("distinct", 900, FALSE)
show("few", 25, FALSE)
show("few, ties", 40, TRUE)
