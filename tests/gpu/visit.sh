#!/usr/bin/env bash
# One short visit to a GPU: checks that CUDA computes what the CPU does, times the ways to take a step, and trains what
# the degradation table lacks, nets side by side. A later visit with the same OUT goes on where this ended.
#
#     bash tests/gpu/visit.sh SECONDS OUT
#
# Needs python with torch and dlbench's other packages, and CIFAR-10 (and MNIST) in the folder that DLBENCH_DATA names.
# Without a CUDA device the checks run on the CPU, and what takes a GPU is skipped by name.
set -uo pipefail
seconds=${1:?how many seconds to take, such as 600}
out=${2:?the folder for what is measured}
repository=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONPATH="$repository${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 DLBENCH_CHECKPOINT_SECONDS=10
mkdir -p "$out"
failed=0
left() { echo $((seconds - SECONDS)); }
step() { printf '\n== %s (%s s gone)\n' "$1" "$SECONDS"; }
cuda=$(python3 -c 'import torch; print("cuda:0" if torch.cuda.is_available() else "")')

step "CUDA computes what the CPU does"
[ -n "$cuda" ] || echo "skipped: CUDA against the CPU: no CUDA device here; the check is played through on the CPU"
timeout "$(left)" python3 "$repository/tests/gpu/check.py" ${cuda:+"$cuda"} | tee "$out/check.txt" || failed=1

step "a step taken by itself, compiled, and as a CUDA graph"
if [ -n "$cuda" ]; then
    timeout "$(left)" python3 "$repository/tests/gpu/modes.py" "$cuda" "$out/speed" "$(($(left) / 3))" || failed=1
else
    echo "skipped: modes of resnet-20, resnet-56, lenet-mnist and alexnet: no CUDA device here"
fi

step "plain and residual nets: what medium lacks, then the published length"
if [ -n "$cuda" ] && [ "$(left)" -gt 30 ]; then
    if command -v nvidia-cuda-mps-control >/dev/null; then # nets side by side share the GPU instead of taking turns
        export CUDA_MPS_PIPE_DIRECTORY=$(mktemp -d) CUDA_MPS_LOG_DIRECTORY=$(mktemp -d)
        nvidia-cuda-mps-control -d && trap 'echo quit | nvidia-cuda-mps-control' EXIT
    fi
    mkdir -p "$out/results"
    cp -n "$repository/results/degradation.jsonl.gz" "$out/results/"
    for budget in medium full; do
        [ "$(left)" -gt 30 ] && python3 -P -m dlbench run degradation --budget $budget --device "$cuda" --cuda-graphs \
            --jobs 11 --threads 1 --for "$(($(left) - 25))" --out "$out/results"
    done
else
    echo "skipped: degradation at medium and full: $([ -n "$cuda" ] && echo "no time left" || echo "no CUDA device here")"
fi

step "done"
exit $failed
