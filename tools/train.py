# SPDX-License-Identifier: Apache-2.0
"""Train a model: ``python tools/train.py CONFIG --work-dir DIR``."""

from mmpose_face.mmpose_scripts import parse_train


def main() -> None:
    args = parse_train()
    # These imports take seconds, which --help does not need.
    from mmpose_face.engine.launch import train

    train(args)


if __name__ == '__main__':
    main()
