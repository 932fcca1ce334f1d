# SPDX-License-Identifier: Apache-2.0
"""Drawing of synthetic faces with exact landmarks, with NumPy and OpenCV alone.

:func:`render_face` makes a face from two numbers. ``template`` is the neutral
head, ``shape`` moves its points, ``atlas`` and ``painting`` give it a skin,
``render`` projects it, ``scene`` draws what is around it, and ``photo`` adds
the effects of light and lens.
"""

from .face import ATTRIBUTES, SyntheticFace, check, render_face

__all__ = ['ATTRIBUTES', 'SyntheticFace', 'check', 'render_face']
