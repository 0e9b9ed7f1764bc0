#!/usr/bin/env bash
# Installs vLLM unless it is there, and runs the suite that the simulated engine passes on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec mvn -B -ntp -Pinterop -pl cli -am verify -Dtest=VllmSuiteTest \
  -Dsurefire.failIfNoSpecifiedTests=false -Dwarmpath.failIfNoTests=false "$@"
