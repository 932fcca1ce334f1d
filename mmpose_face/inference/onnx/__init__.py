# SPDX-License-Identifier: Apache-2.0
"""ONNX files: export, comparison with PyTorch, and inference without it."""
