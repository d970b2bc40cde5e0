# fraud_detect: a PostgreSQL extension (PGXS).
#
#   make && sudo make install      build and install for the server of PG_CONFIG
#   make demo                      see it work on a private, temporary server
#   make check                     every test, on private, temporary servers
#
# Two libraries (docs/architecture.md): fraud_detect.so runs in every backend
# that scores, fraud_detect_train.so alone links XGBoost.

PG_CONFIG ?= pg_config

# Targets of test/check.mk work before PGXS is there: they install it.
CHECK_GOALS = check check-% demo fuzz stage bench bench-engine bench-explain bench-features
ifneq (,$(filter $(CHECK_GOALS),$(MAKECMDGOALS)))
include test/check.mk
else

EXTENSION = fraud_detect
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" fraud_detect.control)
PGFILEDESC = "fraud_detect - fraud detection inside the database"

CORE_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/core/*.c)))
PG_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/pg/*.c)))
SCORING_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/scoring/*.c)))
TRAINING_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/training/*.c)))

MODULE_big = fraud_detect
OBJS = $(SCORING_OBJS) $(PG_OBJS) $(CORE_OBJS)

TRAIN_LIBRARY = fraud_detect_train.so
TRAIN_OBJS = $(TRAINING_OBJS) $(PG_OBJS) $(CORE_OBJS)

# The install script is assembled from one part per capability, in this order.
SQL_PARTS = $(addprefix sql/, $(shell grep -v '^\#' sql/parts))
INSTALL_SQL = $(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)
DATA = $(wildcard sql/updates/*.sql)

# Exactness: no contraction of a*b+c into one rounding (gcc does it by default
# on some architectures). Visibility: only what is PGDLLEXPORT leaves a library.
PG_CPPFLAGS = -I$(srcdir)/src -DFRAUD_DETECT_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -std=gnu11 -fvisibility=hidden -ffp-contract=off -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
SHLIB_LINK = -lm
XGBOOST_LIBS = -lxgboost

EXTRA_CLEAN = $(TRAIN_LIBRARY) $(TRAINING_OBJS) build

include requirements.mk
PGXS := $(shell $(PG_CONFIG) --pgxs)
# Bitcode would let the JIT inline our functions; none of them gains from it,
# and it would make clang a requirement.
override with_llvm = no
include $(PGXS)

$(INSTALL_SQL): sql/parts $(SQL_PARTS) fraud_detect.control
	cat $(SQL_PARTS) > $@

all: $(TRAIN_LIBRARY)

$(TRAIN_LIBRARY): $(TRAIN_OBJS)
	$(CC) $(CFLAGS) $(TRAIN_OBJS) -shared $(LDFLAGS) $(LDFLAGS_SL) $(XGBOOST_LIBS) -lm -o $@

# What PGXN takes.
.PHONY: dist
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD

# Every object depends on every header: the tree is small, a stale object is not worth the risk.
$(OBJS) $(TRAIN_OBJS): $(wildcard src/*/*.h) fraud_detect.control Makefile

install: install-train
install-train: $(TRAIN_LIBRARY) installdirs
	$(INSTALL_SHLIB) $(TRAIN_LIBRARY) '$(DESTDIR)$(pkglibdir)/$(TRAIN_LIBRARY)'

uninstall: uninstall-train
uninstall-train:
	rm -f '$(DESTDIR)$(pkglibdir)/$(TRAIN_LIBRARY)'

endif
