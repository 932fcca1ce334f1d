# SPDX-License-Identifier: Apache-2.0
"""Inference with trained models: images, videos and ONNX files."""
