#!/usr/bin/env bash
# Installs vLLM unless it is there, and runs on it the suite that the simulated engine passes, and what needs a real one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec mvn -B -ntp -Pinterop -pl cli -am verify -Dtest='Vllm*Test' \
  -Dsurefire.failIfNoSpecifiedTests=false -Dwarmpath.failIfNoTests=false "$@"
