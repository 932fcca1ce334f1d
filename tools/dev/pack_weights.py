# SPDX-License-Identifier: Apache-2.0
"""Writes the weights of a checkpoint, and nothing else, in half precision:
how those that come with the package were made.

    python tools/train.py CONFIG --work-dir WORK \
        --cfg-options randomness.seed=0
    python tools/dev/pack_weights.py WORK/epoch_4.pth \
        mmpose_face/zoo/weights/NAME_OF_THE_CONFIG.pth
"""

import argparse
from pathlib import Path

import torch

from mmpose_face.compat import checkpoints
from mmpose_face.files import written_whole


def packed(checkpoint: dict) -> dict:
    """Weights as float16 and statistics of normalisation as they are. The
    points are those of the config's data set: MMPose would take a part of
    them that a checkpoint says for all of them."""
    weights = {
        key: value.half() if key.endswith(('weight', 'bias')) else value
        for key, value in checkpoint['state_dict'].items()
    }
    return dict(meta={}, state_dict=weights)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('out', type=Path)
    args = parser.parse_args()
    made = packed(checkpoints.load(args.checkpoint))
    with written_whole(args.out) as partial:
        torch.save(made, partial)
    print(f'{args.out}: {args.out.stat().st_size} bytes')


if __name__ == '__main__':
    main()
