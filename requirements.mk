# Names what the build needs and cannot find, with the command that installs it.
# Included by the Makefile before PGXS; `make demo` and `make check` install these themselves.

PGXS_FOUND := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq (,$(PGXS_FOUND))
# Debian has one version in each suite.
SERVER_DEV := $(lastword postgresql-server-dev-15 $(shell apt-cache pkgnames postgresql-server-dev- 2>/dev/null | grep '[0-9]$$' | sort -V))
$(error PostgreSQL's server headers were not found by way of "$(PG_CONFIG)": install them, e.g. "sudo apt-get install $(SERVER_DEV)", or pass PG_CONFIG=/path/to/pg_config)
endif

ifneq (,$(filter-out clean distclean uninstall,$(or $(MAKECMDGOALS),all)))
COMPILER_FOUND := $(shell command -v $(firstword $(or $(CC),cc)) 2>/dev/null)
ifeq (,$(COMPILER_FOUND))
$(error no C compiler "$(CC)" was found: install one, e.g. "sudo apt-get install gcc libc6-dev")
endif
XGBOOST_FOUND := $(shell $(CC) $(CPPFLAGS) -include xgboost/c_api.h -E -x c /dev/null >/dev/null 2>&1 && echo yes)
ifeq (,$(XGBOOST_FOUND))
$(error xgboost/c_api.h was not found: install XGBoost's C library, e.g. "sudo apt-get install libxgboost-dev", or pass CPPFLAGS=-I/path/to/include)
endif
endif
