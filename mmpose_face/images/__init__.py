# SPDX-License-Identifier: Apache-2.0
"""Images and boxes: reading, warping and writing, without torch.

These modules need only NumPy and OpenCV, so that ONNX files can be run where
torch is not installed.
"""
