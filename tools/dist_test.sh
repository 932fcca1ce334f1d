#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Test on several GPUs (or CPU processes):
#   dist_test.sh CONFIG CHECKPOINT PROCESSES [test.py options]
set -euo pipefail
tools=$(dirname "$0")
usage='usage: dist_test.sh CONFIG CHECKPOINT PROCESSES [options]'
config=${1:?$usage}
checkpoint=${2:?$usage}
processes=${3:?$usage}
exec python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    --nproc_per_node="$processes" \
    "$tools/test.py" "$config" "$checkpoint" --launcher pytorch "${@:4}"
