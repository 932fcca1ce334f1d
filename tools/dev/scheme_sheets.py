# SPDX-License-Identifier: Apache-2.0
"""Draw the landmark schemes in the docs, on a synthetic face.

    OMP_NUM_THREADS=1 python tools/dev/scheme_sheets.py --out docs/en/images

A synthetic face has WFLW's points, and those of iBUG by the exact map. The
points that COFW and AFLW have more are put where the table in
``mmpose_face.visualization.schematic`` says. That is for pictures alone: the
package has no approximate maps.
"""

import argparse
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from mmpose_face.landmarks import GROUP_COLORS, SCHEMES, Scheme
from mmpose_face.synthesis import SyntheticFace, render_face
from mmpose_face.visualization import draw_landmarks
from mmpose_face.visualization.schematic import scheme_points
from mmpose_face.visualization.sheet_cells import write_text

# Looks straight ahead, with open eyes and lips apart.
SEED, INDEX = 0, 2419

SIDE = 960  # pixels of the picture, which shows the face alone
_ROOM = 1.24  # side of the picture in sides of the landmarks' box
_SHADE = 0.9  # of the face's brightness, so that the points stand out
_QUALITY = 88

_FONT = 18  # pixels
_LEGEND = dict(font=22, row=38, columns=3, margin=20)
_PAPER, _INK = (24, 24, 24), (255, 255, 255)


def portrait(face: SyntheticFace) -> tuple[np.ndarray, np.ndarray]:
    """The face alone, darkened, ``(SIDE, SIDE, 3)``, and its 98 points."""
    low, high = face.keypoints.min(0), face.keypoints.max(0)
    scale = SIDE / (_ROOM * (high - low).max())
    shift = (SIDE - 1) / 2 - scale * (low + high) / 2
    matrix = np.column_stack([np.eye(2) * scale, shift])
    image = cv2.warpAffine(
        face.image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    darker = cv2.convertScaleAbs(image, alpha=_SHADE)
    return darker, face.keypoints * scale + shift


def picture(scheme: Scheme) -> np.ndarray:
    """A scheme with the number of each point and a legend, BGR."""
    image, keypoints = portrait(render_face(SEED, INDEX, SIDE, attributes=[]))
    points = scheme_points(keypoints, scheme)
    drawn = draw_landmarks(image, points, scheme)
    return np.concatenate([number(drawn, points, scheme), legend(scheme)])


def strip(side: int = 512) -> np.ndarray:
    """All schemes side by side, without numbers, BGR."""
    face = render_face(SEED, INDEX, SIDE, attributes=[])
    image, keypoints = portrait(face)
    image = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    cells = []
    for scheme in SCHEMES.values():
        points = scheme_points(keypoints, scheme) * side / SIDE
        cells.append(draw_landmarks(image, points, scheme))
        write_text(cells[-1], scheme.name)
    return np.hstack(cells)


# Numbers.


def number(image: np.ndarray, points: np.ndarray, scheme: Scheme) -> np.ndarray:
    """The image with each point's index beside it."""
    canvas = Image.fromarray(image[..., ::-1])
    draw, font = ImageDraw.Draw(canvas), _font(_FONT)
    texts = [str(i) for i in range(len(points))]
    sizes = np.array([draw.textbbox((0, 0), t, font, 'lt')[2:] for t in texts])
    places = place_labels(points, sizes, scheme.lines, image.shape[1::-1])
    for text, place in zip(texts, places.tolist()):
        draw.text(tuple(place), text, _INK, font, 'mm', stroke_width=2, stroke_fill=_PAPER)
    return np.array(canvas)[..., ::-1]


_OFFSETS = np.array(
    [
        (radius * np.cos(angle), radius * np.sin(angle))
        for radius in range(13, 40, 2)
        for angle in np.arange(0, 2 * np.pi, np.pi / 16)
    ]
)
_DISTANCES = np.hypot(*_OFFSETS.T)
_EDGE, _DOT, _GAP, _LINE = 4, 9, 2, 3  # pixels that a number keeps from each
_SWEEPS = 6


def place_labels(
    points: np.ndarray, sizes: np.ndarray, lines: Iterable[tuple[int, int]], shape: tuple[int, int]
) -> np.ndarray:
    """Where to write the numbers so that they cover neither each other nor a
    point: each in turn takes its best place, given those of the others.

    Args:
        points (np.ndarray): ``(K, 2)`` in pixels.
        sizes (np.ndarray): Width and height of each number, ``(K, 2)``.
        lines (Iterable[tuple[int, int]]): Points that are joined.
        shape (tuple[int, int]): Width and height of the image.

    Returns:
        np.ndarray: Middles of the numbers ``(K, 2)``.
    """
    joined = _along(points, lines)
    costs = [_cost(points, i, size / 2, joined, shape) for i, size in enumerate(sizes)]
    places = np.array([p + _OFFSETS[cost.argmin()] for p, cost in zip(points, costs)])
    for _ in range(_SWEEPS):
        for i, point in enumerate(points):
            others = np.arange(len(points)) != i
            taken = _hits(point + _OFFSETS, (sizes[i] + sizes[others]) / 2 + _GAP, places[others])
            places[i] = point + _OFFSETS[(costs[i] + 100 * taken).argmin()]
    return places


def _cost(
    points: np.ndarray, i: int, half: np.ndarray, joined: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """How bad each place is for the number of a point, whatever the other
    numbers do."""
    at = points[i] + _OFFSETS
    turned = 1 - _OFFSETS @ _outward(points, i) / _DISTANCES
    outside = (at < half + _EDGE) | (at > shape - half - _EDGE)
    return (
        _DISTANCES / 10
        + 1.5 * turned
        + 1000 * outside.any(1)
        + 40 * _hits(at, half + _DOT, points)
        + 2 * _hits(at, half + _LINE, joined)
    )


def _hits(candidates: np.ndarray, room: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How many of the others are nearer than ``room``, in x and in y, to each
    candidate."""
    apart = np.abs(candidates[:, None] - others)
    return (apart < room).all(2).sum(1)


def _along(points: np.ndarray, lines: Iterable[tuple[int, int]]) -> np.ndarray:
    """Places on the lines."""
    steps = np.linspace(0, 1, 9)[:, None]
    return np.concatenate([points[i] + steps * (points[j] - points[i]) for i, j in lines])


def _outward(points: np.ndarray, i: int) -> np.ndarray:
    """Unit vector away from the nearest points."""
    away = np.delete(points[i] - points, i, 0)
    length = np.hypot(*away.T)
    near = length.argsort()[:6]
    pull = (away[near] / length[near, None] ** 2).sum(0)
    return pull / max(np.hypot(*pull), 1e-9)


# Legend.


def legend(scheme: Scheme) -> np.ndarray:
    """The groups, each in its colour with its indices."""
    groups = list(scheme.groups.items())
    columns, row, margin = (_LEGEND[key] for key in ('columns', 'row', 'margin'))
    rows = -(-len(groups) // columns)
    canvas = Image.new('RGB', (SIDE, rows * row + margin), _PAPER)
    draw, font = ImageDraw.Draw(canvas), _font(_LEGEND['font'])
    for i, (group, indices) in enumerate(groups):
        x = margin + i % columns * (SIDE - margin) // columns
        y = (margin + row) // 2 + i // columns * row
        draw.ellipse((x, y - 8, x + 16, y + 8), GROUP_COLORS[group][::-1])
        draw.text((x + 28, y), f'{group}  {ranges(sorted(indices))}', _INK, font, 'lm')
    return np.array(canvas)[..., ::-1]


def ranges(indices: Iterable[int]) -> str:
    """Indices as runs, such as ``'0-3, 8'``."""
    runs: list[list[int]] = []
    for i in indices:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return ', '.join(f'{run[0]}-{run[-1]}' if len(run) > 1 else f'{run[0]}' for run in runs)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont('DejaVu Sans'), size)


# Tables.


def table(scheme: Scheme) -> str:
    """The curves of a scheme with their indices and names, in Markdown."""
    rows = ['| group | index | points |', '| --- | --- | --- |']
    for curve in scheme.curves:
        indices = ranges(scheme.index[name] for name in curve.points)
        rows.append(f'| {curve.group} | {indices} | {names(curve.points)} |')
    return '\n'.join(rows)


def names(points: Iterable[str]) -> str:
    """Names of points, of those that are numbered the first and the last."""
    texts = []
    for _, run in groupby(points, lambda name: name.rstrip('0123456789')):
        run = [f'`{name}`' for name in run]
        texts.append(', '.join(run) if len(run) < 3 else f'{run[0]} … {run[-1]}')
    return ', '.join(texts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Pictures of the schemes; prints the tables of the page'
    )
    parser.add_argument('--out', type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    cv2.imwrite(str(out / 'schemes.jpg'), strip(), quality)
    for name, scheme in SCHEMES.items():
        cv2.imwrite(str(out / f'scheme_{name}.jpg'), picture(scheme), quality)
        print(f'{name}\n\n{table(scheme)}\n')


if __name__ == '__main__':
    main()
