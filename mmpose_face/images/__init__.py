# SPDX-License-Identifier: Apache-2.0
"""Pixels: images of any kind read, warps, face boxes. NumPy and OpenCV only,
so that all of it works where torch is not installed."""
