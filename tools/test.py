# SPDX-License-Identifier: Apache-2.0
"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``."""
from mmpose_face.engine.launch import test

if __name__ == '__main__':
    test()
