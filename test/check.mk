# What is built and tested on private servers: `make check`, its parts, `make demo`.
# Included by the Makefile instead of PGXS, which may not be installed yet.
#
#   make check                        everything
#   make check-regress TESTS=score    one kind, some tests of it
#   make check-matrix                 everything, on other suites of Debian: other versions of
#                                     PostgreSQL and XGBoost (test/matrix); as root, half an hour
#   make check-matrix SUITES=sid GOALS=check-regress TESTS=score MATRIX=/var/tmp/matrix
#   make fuzz FUZZ_SECONDS=600        fuzz tests at length: two hours, unless it says so (make
#                                     check: a minute in all); goes on from build/fuzz/corpus
#   make bench                        the figures of docs/performance.md, about a quarter of an hour
#   make bench BENCH="scan training"  some of them (test/bench/figures/*.py); UPDATE=1 writes the page
#   make bench-engine                 how long a row takes, against XGBoost
#   make bench-explain                how long an explanation takes, against XGBoost
#   make bench-features               how long features take, for a table and for a row
#   make demo KEEP=1                  leaves the server up and says how to reach it

KINDS = static unit fuzz regress isolation pgtap tap docs docker bench

# A server and its settings come from us, not from the shell this was called in.
ENVIRONMENT = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL PG_CONFIG="$(PG_CONFIG)"

.PHONY: check check-matrix demo fuzz stage bench bench-engine bench-explain bench-features $(addprefix check-,$(KINDS))

check:
	@$(ENVIRONMENT) TESTS="$(TESTS)" test/check $(KINDS)

$(addprefix check-,$(KINDS)): check-%:
	@$(ENVIRONMENT) TESTS="$(TESTS)" test/check $*

check-matrix:
	@$(ENVIRONMENT) TESTS="$(TESTS)" GOALS="$(GOALS)" MATRIX="$(MATRIX)" MIRROR="$(MIRROR)" test/matrix $(SUITES)

fuzz:
	@$(ENVIRONMENT) TESTS="$(TESTS)" FUZZ_SECONDS="$(or $(FUZZ_SECONDS),7200)" FUZZ_CORPUS=build/fuzz/corpus test/check fuzz

bench:
	@$(ENVIRONMENT) UPDATE="$(UPDATE)" test/bench/run $(BENCH)

bench-engine:
	@$(ENVIRONMENT) packages/install build run check
	@$(ENVIRONMENT) $(MAKE) --no-print-directory -s -f test/programs.mk build/bench/engine
	@build/bench/engine build/bench $(or $(REPETITIONS),9)

bench-explain:
	@$(ENVIRONMENT) packages/install build run check
	@$(ENVIRONMENT) $(MAKE) --no-print-directory -s -f test/programs.mk build/bench/explain
	@build/bench/explain build/bench $(or $(REPETITIONS),5)

bench-features:
	@$(ENVIRONMENT) packages/install build run
	@$(ENVIRONMENT) test/bench/features.sh $(or $(ROWS),1000000) $(or $(REPETITIONS),3)

demo:
	@$(ENVIRONMENT) KEEP="$(KEEP)" demo/run

stage:
	@$(ENVIRONMENT) test/stage "$(or $(STAGE),build/stage)"

# Other goals of the same command line, as in `make clean check`.
OTHER_GOALS = $(filter-out $(CHECK_GOALS),$(MAKECMDGOALS))
.PHONY: $(OTHER_GOALS)
$(OTHER_GOALS):
	$(MAKE) $@
