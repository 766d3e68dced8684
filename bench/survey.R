# The same tables by R survey.
#
# Rscript bench/survey.R FILE REPLIES ERRORS LOCATION GRADE RELATION RESULT
#
# LOCATION, GRADE, RELATION: people of each category, with commas between. ERRORS: the number of items whose
# schools' standard errors are also computed with the raking in them, after the clock has stopped (it takes R
# half a minute an item at 100,000 replies); RESULT holds shares, errors, and then those.
suppressPackageStartupMessages(library(survey))
given <- commandArgs(trailingOnly = TRUE)
started <- proc.time()[["elapsed"]]
replies <- as.integer(given[2])
people <- lapply(strsplit(given[4:6], ","), as.numeric)
bytes <- readBin(given[1], "integer", replies * 24, size = 1)
dim(bytes) <- c(replies, 24)
items <- paste0("q", 1:20)
data <- data.frame(
  school = factor(bytes[, 1]), location = factor(bytes[, 2]),
  grade = factor(bytes[, 3]), relation = factor(bytes[, 4])
)
for (number in 1:20) data[[items[number]]] <- as.integer(bytes[, 4 + number] >= 4L)
rm(bytes)
data$weight <- sum(people[[1]]) / replies
design <- svydesign(ids = ~1, strata = ~school, weights = ~weight, data = data)
totals <- c(sum(people[[1]]), people[[1]][-1], people[[2]][-1], people[[3]][-1])
names(totals) <- colnames(model.matrix(~ location + grade + relation, data[1:2, ]))
raked <- calibrate(design, ~ location + grade + relation, totals, calfun = "raking", epsilon = 1e-9)
wanted <- as.formula(paste("~", paste(items, collapse = "+")))
county <- svymean(wanted, raked)
# As is usual with R: for the schools the raked weights count as given, which takes a fraction of the time.
fixed <- svydesign(ids = ~1, strata = ~school, weights = weights(raked), data = data)
schools <- svyby(wanted, ~school, fixed, svymean)
seconds <- proc.time()[["elapsed"]] - started
whole <- unlist(lapply(head(items, as.integer(given[3])), function(item) {
  SE(svyby(as.formula(paste("~", item)), ~school, raked, svymean))
}))
shares <- c(coef(county), t(as.matrix(schools[, items])))
errors <- c(SE(county), t(as.matrix(schools[, paste0("se.", items)])))
writeBin(as.double(c(shares, errors, whole)), given[7])
cat(sprintf('{"seconds": %.6f}\n', seconds))
