# Unit and fuzz programs over src/core, without a server (test/kinds/{unit,fuzz}.sh).

CLANG ?= $(shell command -v clang-14 || command -v clang)
CPPFLAGS += -Isrc -Itest/unit -D_GNU_SOURCE
WARNINGS = -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
BASE = -std=gnu11 -g -ffp-contract=off $(WARNINGS)
SANITIZE = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all

CORE = $(sort $(wildcard src/core/*.c))
HEADERS = $(wildcard src/core/*.h test/unit/*.h test/fuzz/*.h)
SANITIZED = $(CORE:src/core/%.c=build/sanitized/%.o)
PLAIN = $(CORE:src/core/%.c=build/plain/%.o)
# With forests as they are built for another architecture.
PORTABLE = $(patsubst build/sanitized/forest%,build/portable/forest%,$(SANITIZED))
FUZZED = $(CORE:src/core/%.c=build/fuzzed/%.o)

.PHONY: core-sanitized core-plain core-fuzz
core-sanitized: $(SANITIZED)
core-plain: $(PLAIN)
core-fuzz: $(FUZZED)

build/sanitized/%.o: src/core/%.c $(HEADERS) | build/sanitized
	$(CC) $(CPPFLAGS) $(BASE) $(SANITIZE) -c $< -o $@
build/portable/%.o: src/core/%.c $(HEADERS) | build/portable
	$(CC) $(CPPFLAGS) $(BASE) $(SANITIZE) -DFOREST_PORTABLE -c $< -o $@
build/plain/%.o: src/core/%.c $(HEADERS) | build/plain
	$(CC) $(CPPFLAGS) $(BASE) -O2 -c $< -o $@
build/fuzzed/%.o: src/core/%.c $(HEADERS) | build/fuzzed
	$(CLANG) $(CPPFLAGS) $(BASE) $(FUZZ) -fsanitize=fuzzer-no-link -c $< -o $@

# cmocka 2 renames macros that cmocka 1 has under the old names only.
build/unit/%: CPPFLAGS += -Wno-deprecated-declarations

build/unit/test_%: test/unit/test_%.c $(SANITIZED) $(HEADERS) | build/unit
	$(CC) $(CPPFLAGS) $(BASE) $(SANITIZE) $< $(SANITIZED) -lcmocka -lm -o $@
build/unit/test_forest_portable: test/unit/test_forest_portable.c $(PORTABLE) $(HEADERS) | build/unit
	$(CC) $(CPPFLAGS) $(BASE) $(SANITIZE) -DFOREST_PORTABLE $< $(PORTABLE) -lcmocka -lm -o $@
build/unit/xgboost_%: test/unit/xgboost_%.c $(PLAIN) $(HEADERS) | build/unit
	$(CC) $(CPPFLAGS) $(BASE) -O2 $< $(PLAIN) -lcmocka -lxgboost -lm -o $@
build/fuzz/fuzz_%: test/fuzz/fuzz_%.c $(FUZZED) $(HEADERS) | build/fuzz
	$(CLANG) $(CPPFLAGS) $(BASE) $(FUZZ) -fsanitize=fuzzer $< $(FUZZED) -lm -o $@

build/bench/engine build/bench/explain: build/bench/%: test/bench/%.c $(PLAIN) $(HEADERS) | build/bench
	$(CC) $(CPPFLAGS) $(BASE) -O2 $< $(PLAIN) -lcmocka -lxgboost -lm -o $@

build/sanitized build/portable build/plain build/fuzzed build/unit build/fuzz build/bench:
	mkdir -p $@
