# Targets that build and test on private servers (scripts in test/).

.PHONY: stage
stage:
	test/stage "$(or $(STAGE),build/stage)"
