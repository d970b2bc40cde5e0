# Names what the build needs and cannot find, with the command that installs it.
# Included by the Makefile before PGXS; `make demo` and `make check` install these themselves.

REQUIRED_GOALS = $(filter-out demo check stage-packages clean help,$(or $(MAKECMDGOALS),all))

ifneq (,$(REQUIRED_GOALS))
ifeq (,$(shell $(PG_CONFIG) --pgxs 2>/dev/null))
$(error $(PG_CONFIG) was not found: install PostgreSQL's server headers, e.g. "apt-get install postgresql-server-dev-15", or pass PG_CONFIG=/path/to/pg_config)
endif
ifeq (,$(wildcard $(shell $(PG_CONFIG) --pgxs)))
$(error PGXS is missing below $(shell $(PG_CONFIG) --libdir): install PostgreSQL's server headers, e.g. "apt-get install postgresql-server-dev-15")
endif
ifeq (,$(shell echo '\#include <xgboost/c_api.h>' | $(or $(CC),cc) -E $(CPPFLAGS) -x c - >/dev/null 2>&1 && echo yes))
$(error xgboost/c_api.h was not found: install XGBoost's C library, e.g. "apt-get install libxgboost-dev")
endif
endif
