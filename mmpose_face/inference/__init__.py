# SPDX-License-Identifier: Apache-2.0
"""Trained models in use: images, videos and ONNX files."""
