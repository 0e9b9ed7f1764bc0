#!/usr/bin/env bash
# Replays a trace under the conditions of docs/replay.md and prints the tables of
# bench/results/replay.md: bench/replay-results.sh TRACE [SEEDS] > bench/results/replay.md
set -euo pipefail
trace=${1:?usage: bench/replay-results.sh TRACE [SEEDS]}
seeds=${2:-5}
warmpath=${WARMPATH:-$(dirname "$0")/../warmpath}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cluster="--replicas 16 --cache-tokens 400000 --prefill-tokens-per-second 20000 --prefill-overhead 5ms"
linear="$cluster --speed 7.5 --warmup 0.1"
usual="--routers 4 --report-age 1s"

java_version() {
  "$warmpath" version | tail -n 1
}

table() { # title, command's arguments
  local title=$1
  shift
  printf '\n## %s\n\n    ./warmpath %s\n\n```\n' "$title" "${*//$trace/TRACE}"
  # shellcheck disable=SC2068 # The arguments are words.
  "$warmpath" $@ 2>/dev/null
  printf '```\n'
}

replay() { # title, arguments
  local title=$1
  shift
  table "$title" replay --trace "$trace" $@
}

printf '# Replays\n\nWritten by `bench/replay-results.sh TRACE %s` at commit %s, %s, %s processors.\n' \
  "$seeds" "$(git -C "$(dirname "$0")" rev-parse --short HEAD)" \
  "$(java_version)" "$(nproc)"
printf 'TRACE is the Mooncake conversation trace (12,031 requests). Times are virtual: they do not depend\non the machine, but for the last column.\n'

replay "All policies" $linear $usual --seeds "$seeds" --policy all
replay "16 routers" $linear --routers 16 --report-age 1s --seeds "$seeds" --policy warmpath
replay "Reports 5 s old" $linear --routers 4 --report-age 5s --seeds "$seeds" --policy warmpath
replay "One router, fresh reports" $linear --routers 1 --report-age 0s --seeds "$seeds" --policy warmpath
replay "15 times the speed" $cluster --speed 15 --warmup 0.1 $usual --seeds "$seeds" --policy warmpath
replay "15 times the speed, nobody refused" $cluster --speed 15 --warmup 0.1 $usual --seeds 2 --policy warmpath --max-queue-wait none
replay "2 of 16 replicas die half way" $linear $usual --seeds "$seeds" --policy warmpath --kill 2@50%
replay "4 replicas join half way" $linear $usual --seeds "$seeds" --policy warmpath --join 4@50%
for mechanism in VALIDATED_PLACEMENT ANCHORS REPORTED_ANCHORS EVICTION_MARK REPLICA_SETS DEEPER_KEYS \
  TRAFFIC_CAP RANK_CREDITS LOAD_BOUND SLICES; do
  replay "Without $mechanism" $linear $usual --seeds 2 --policy warmpath --without $mechanism
done
replay "Queue in order of arrival" $linear $usual --seeds 2 --policy warmpath --queue-order ARRIVAL
replay "Queue in order of arrival, without VALIDATED_PLACEMENT" $linear $usual --seeds 2 --policy warmpath \
  --queue-order ARRIVAL --without VALIDATED_PLACEMENT
replay "The full engine, 8b-h100" --replicas 16 --engine 8b-h100 --speed 7.5 --warmup 0.1 $usual --seeds 2 \
  --policy round-robin,least-pending-work,bounded-load,cache-aware-tree,weighted-scorer,dynamo-cost,exact-greedy,warmpath
replay "The full engine, one router, fresh reports" --replicas 16 --engine 8b-h100 --speed 7.5 --warmup 0.1 \
  --routers 1 --report-age 0s --seeds 2 --policy dynamo-cost,warmpath
replay "As other routers were measured: 6,000 requests, one router" $cluster --decode-token 20ms --speed 7.5 \
  --warmup 0.1 --routers 1 --report-age 0s --limit 6000 --policy all
table "Capacity at a p95 of 3 s" capacity --trace "$trace" $cluster --warmup 0.1 $usual --ttft-p95 3s \
  --precision 0.02 --policy round-robin,bounded-load,exact-greedy,warmpath
table "Capacity with 20 replicas, 4 of which join at the start" capacity --trace "$trace" $cluster --warmup 0.1 \
  $usual --ttft-p95 3s --precision 0.02 --policy warmpath --join 4@1s

"$warmpath" trace generate --profile whale --requests 8000 --rate 20 --seed 3 --out "$work/whale.jsonl" >/dev/null 2>&1
"$warmpath" trace generate --profile hostile --requests 8000 --rate 20 --seed 3 --out "$work/hostile.jsonl" >/dev/null 2>&1
trace=$work
for speed in 1 8 12; do
  table "One family with 40 % of the requests, $speed times the speed" replay --trace "$work/whale.jsonl" \
    --speed $speed --seeds "$seeds" --policy warmpath,bounded-load
done
for speed in 1 4; do
  table "Nothing is ever repeated, $speed times the speed" replay --trace "$work/hostile.jsonl" \
    --speed $speed --seeds "$seeds" --policy least-pending-work,warmpath
done
