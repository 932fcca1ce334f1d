# SPDX-License-Identifier: Apache-2.0
"""Train a model: ``python tools/train.py CONFIG --work-dir DIR``."""
from mmpose_face.engine.launch import train

if __name__ == '__main__':
    train()
