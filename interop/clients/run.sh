#!/bin/sh
# Runs OpenAI's own Python and Node clients against a router, or anything else that speaks the API.
#
#   interop/clients/run.sh http://127.0.0.1:8000/v1 [MODEL]
#
# The clients are installed outside the tree, in $WARMPATH_CLIENTS or ~/.cache/warmpath-clients.
# A runtime that is missing is said to be skipped. Ends with 1 when a check failed.
set -eu

base=${1:?"usage: run.sh BASE_URL [MODEL], such as http://127.0.0.1:8000/v1"}
model=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
home=${WARMPATH_CLIENTS:-$HOME/.cache/warmpath-clients}
python_client=openai==3.54.0
node_client=openai@7.57.0
failed=0
mkdir -p "$home"

if ! command -v python3 >/dev/null; then
  echo "SKIPPED python: there is no python3"
else
  if [ ! -e "$home/python/$python_client" ]; then
    python3 -m venv --clear "$home/python"
    "$home/python/bin/pip" install --quiet --disable-pip-version-check "$python_client"
    touch "$home/python/$python_client"
  fi
  echo "python, $python_client"
  "$home/python/bin/python" "$here/client.py" "$base" "$model" || failed=1
fi

if ! command -v npm >/dev/null; then
  echo "SKIPPED node: there is no npm"
else
  if [ ! -e "$home/node/$node_client" ]; then
    mkdir -p "$home/node"
    npm install --silent --no-audit --no-fund --prefix "$home/node" "$node_client" >/dev/null
    touch "$home/node/$node_client"
  fi
  echo "node, $node_client"
  cp "$here/client.mjs" "$home/node/client.mjs" # Where it finds the client.
  node "$home/node/client.mjs" "$base" "$model" || failed=1
fi

exit "$failed"
