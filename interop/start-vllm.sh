#!/usr/bin/env bash
# Runs one vLLM with the tiny model until it is ended: start-vllm.sh PORT KV_PORT [OPTION...]
#
# Cache events are published on KV_PORT of the loopback interface and replayed on the port above it.
# Options are vLLM's own, such as --num-gpu-blocks-override 128 for a cache of 4,096 tokens.
set -euo pipefail

home=${WARMPATH_INTEROP_HOME:-$HOME/.cache/warmpath/interop}
[ -f "$home/installed" ] || {
  echo "interop: there is no vLLM in $home; run interop/install-vllm.sh" >&2
  exit 1
}
[ $# -ge 2 ] || {
  echo "usage: start-vllm.sh PORT KV_PORT [OPTION...]" >&2
  exit 2
}
port=$1
kv_port=$2
shift 2

export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 VLLM_CPU_KVCACHE_SPACE=1
# For /reset_prefix_cache and /sleep; the engine listens on the loopback interface only.
export VLLM_SERVER_DEV_MODE=1
# One thread: the model is tiny, and several engines share the machine with the tests.
export OMP_NUM_THREADS=1 VLLM_CPU_OMP_THREADS_BIND=nobind
events=$(printf '{"enable_kv_cache_events":true,"publisher":"zmq","endpoint":"tcp://*:%d","replay_endpoint":"tcp://*:%d"}' \
  "$kv_port" "$((kv_port + 1))")
# The CPU's attention needs blocks of a multiple of 32 tokens.
exec "$home/venv/bin/vllm" serve "$home/model" \
  --served-model-name tiny --load-format dummy --dtype bfloat16 \
  --host 127.0.0.1 --port "$port" --max-model-len 8192 --block-size 32 --max-num-seqs 16 \
  --enforce-eager --enable-prompt-tokens-details --kv-events-config "$events" "$@"
