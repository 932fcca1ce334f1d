# SPDX-License-Identifier: Apache-2.0
"""ONNX files: written, compared with PyTorch, and run without it."""
