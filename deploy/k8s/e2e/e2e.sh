#!/usr/bin/env bash
# Tries a whole cluster: applies overlay dev, sends requests from a pod through the Service, and under
# that load rolls the routers, drains and deletes a replica, deletes ZooKeeper's pod, and changes the
# families. Prints what each step cost, and removes everything. Under ten minutes.
#
#   deploy/k8s/e2e/e2e.sh [IMAGE]
#
# KUBECTL   how the cluster is reached, default kubectl
# IMAGE     the image, default warmpath:0.1.0-SNAPSHOT; the nodes must have it or be able to pull it
# KEEP      when set, nothing is removed at the end
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=${1:-warmpath:0.1.0-SNAPSHOT}
namespace=warmpath
work=$(mktemp -d)
failures=0

k() { ${KUBECTL:-kubectl} "$@"; }
kn() { k -n "$namespace" "$@"; }

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then
    kn get pods -o wide >&2 || true
    kn logs load --tail=5 >&2 || true
  fi
  if [ -z "${KEEP:-}" ]; then
    k delete namespace "$namespace" --ignore-not-found --wait=true --timeout=180s >/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

# The overlay, with the image that was asked for.
apply() {
  mkdir -p "$work/overlay"
  k kustomize "$here/../overlays/dev" | sed "s#image: warmpath:0.1.0-SNAPSHOT#image: $image#" >"$work/dev.yaml"
  k apply -f "$work/dev.yaml" >/dev/null
}

wait_ready() {
  kn rollout status statefulset/zookeeper --timeout=240s >/dev/null
  kn rollout status statefulset/replica --timeout=240s >/dev/null
  kn rollout status deployment/router --timeout=240s >/dev/null
}

start_load() {
  sed "s#image: warmpath:0.1.0-SNAPSHOT#image: $image#" "$here/load.yaml" | kn apply -f - >/dev/null
  kn wait pod/load --for=condition=Ready --timeout=60s >/dev/null
  until [ "$(load_seconds)" -ge 3 ]; do sleep 1; done
}

# A line of the load's log is a second.
load_seconds() { kn logs load | grep -c '^completed=' || true; }

# Runs a step under load, lets the load go on for five seconds, and prints what the requests of that
# time met.
step() {
  local name=$1 first last began
  shift
  first=$(load_seconds)
  began=$(date +%s)
  "$@"
  sleep 5
  last=$(load_seconds)
  kn logs load | grep '^completed=' | sed -n "$((first + 1)),${last}p" >"$work/lines"
  awk -v name="$name" -v took="$(($(date +%s) - began))" '
    { for (i = 1; i <= NF; i++) { split($i, pair, "="); if (pair[1] == "slowest_ms") { if (pair[2] + 0 > slowest) slowest = pair[2] + 0 } else sum[pair[1]] += pair[2] } }
    END { printf "%-34s %4d s %8d %7d %5d %8d %8d ms\n", name, took, sum["completed"], sum["failed"], sum["cut"], sum["retried"], slowest }' "$work/lines"
  grep -o 'reasons=.*' "$work/lines" | sort | uniq -c || true
  failures=$((failures + $(sed 's/.* failed=\([0-9]*\).*/\1/' "$work/lines" | awk '{sum += $1} END {print sum + 0}')))
}

steady() { sleep 10; }

roll_routers() {
  kn rollout restart deployment/router >/dev/null
  kn rollout status deployment/router --timeout=240s >/dev/null
}

delete_replica() {
  kn delete pod replica-1 --wait=true --timeout=120s >/dev/null
  kn rollout status statefulset/replica --timeout=240s >/dev/null
}

delete_zookeeper() {
  kn delete pod zookeeper-0 --wait=true --timeout=60s >/dev/null
  kn rollout status statefulset/zookeeper --timeout=240s >/dev/null
}

# Waits until a router's log says that another config is in effect; a kubelet may take a minute or
# two to bring a changed ConfigMap into the pods, so the pods are touched, which makes it look.
change_families() {
  local since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  sed 's/^\( *\)replicaSet: 2/\1replicaSet: 3/' "$work/dev.yaml" | k apply -f - >/dev/null
  kn annotate pods -l app.kubernetes.io/component=router "warmpath/config-at=$since" --overwrite >/dev/null
  local pods pod
  pods=$(kn get pods -l app.kubernetes.io/component=router -o name)
  for pod in $pods; do
    until kn logs "$pod" --since-time="$since" | grep -q 'config [0-9]* is in effect'; do sleep 1; done
  done
}

echo "applying overlay dev with $image"
began=$(date +%s)
apply
wait_ready
echo "ready after $(($(date +%s) - began)) s: $(kn get pods --no-headers | wc -l) pods"
start_load
printf '%-34s %6s %8s %7s %5s %8s %11s\n' step time answered failed cut retried slowest
step 'steady' steady
step 'roll the routers' roll_routers
step 'drain and delete a replica' delete_replica
step "delete ZooKeeper's pod" delete_zookeeper
step 'families: two replicas to three' change_families
step 'steady' steady
echo "whole run $(($(date +%s) - began)) s; requests that failed before they streamed: $failures"
[ "$failures" -eq 0 ]
