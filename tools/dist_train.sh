#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Train on several GPUs (or CPU processes) of one or more machines:
#   [NNODES=2 NODE_RANK=0 MASTER_ADDR=...] dist_train.sh CONFIG PROCESSES [train.py options]
set -euo pipefail
tools=$(dirname "$0")
config=${1:?usage: dist_train.sh CONFIG PROCESSES [options]}
processes=${2:?usage: dist_train.sh CONFIG PROCESSES [options]}
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$tools/train.py" "$config" --launcher pytorch "${@:3}"
