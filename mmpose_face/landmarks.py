# SPDX-License-Identifier: Apache-2.0
"""The table of landmark schemes: every scheme once, everything else derived.

A scheme is a list of *curves*, points that are drawn as one line. Two schemes
that contain a point of the same name mean the same place on the face, so that
exact maps between schemes follow from the names, and a point's mirror image
is the point whose name has ``left`` and ``right`` exchanged.

*Left* and *right* are the viewer's: the left eye is the one at the left of a
face that looks at the camera, as in the figures of the iBUG and WFLW papers.
Numbers grow outwards from the middle of the face, or from top to bottom.

Sources:
    iBUG-68: Sagonas et al., "300 faces in-the-wild challenge: database and
    results", Image and Vision Computing 47 (2016).
    WFLW-98: Wu et al., "Look at Boundary: A Boundary-Aware Face Alignment
    Algorithm", CVPR 2018.
    COFW-29: Burgos-Artizzu et al., "Robust face landmark estimation under
    occlusion", ICCV 2013.
    AFLW-19: Zhu et al., "Unconstrained Face Alignment via Cascaded
    Compositional Learning", CVPR 2016, from Koestinger et al., "Annotated
    Facial Landmarks in the Wild", ICCV Workshops 2011, without the ears.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    'Curve',
    'Scheme',
    'IBUG68',
    'WFLW98',
    'COFW29',
    'AFLW19',
    'SCHEMES',
    'GROUP_COLORS',
    'MMPOSE_SCHEMES',
    'OUTER_EYE_CORNERS',
    'get_scheme',
    'name_or_dict',
    'point_colors',
    'scheme_of',
    'scheme_of_dataset',
    'scheme_of_metainfo',
]

# BGR, one colour for each part of the face, in metainfo and in drawings.
GROUP_COLORS = dict(
    jaw=(255, 178, 102),
    brows=(102, 178, 255),
    nose=(51, 255, 51),
    eyes=(255, 51, 153),
    pupils=(255, 255, 255),
    lips=(0, 128, 255),
)
_OTHER_COLOR = (0, 255, 255)

# The two points whose distance is the normaliser of all schemes but AFLW-19.
OUTER_EYE_CORNERS = ('left_eye_outer_corner', 'right_eye_outer_corner')


@dataclass(frozen=True)
class Curve:
    """Neighbouring points of a face, drawn as one line.

    Args:
        group (str): Part of the face: ``'jaw'``, ``'brows'``, ``'nose'``,
            ``'eyes'``, ``'pupils'`` or ``'lips'``.
        points (tuple[str]): Names of the points.
        closed (bool): Whether the last point is joined to the first.
    """

    group: str
    points: tuple[str, ...]
    closed: bool = False


@dataclass(frozen=True)
class Scheme:
    """A landmark scheme ("mark-up") with K named points.

    Args:
        name (str): Name as the field uses it, such as ``'ibug68'``.
        curves (tuple[Curve]): The curves; every point is on one of them. Two
            curves of one group may share points: both lips share the corners
            of the mouth.
        normalizer (tuple[str, str], optional): The two points whose distance
            is the benchmark's normaliser (inter-ocular: the outer eye
            corners). None where it is the side of the face box.
        order (tuple[str], optional): The points in the order of the
            annotation files, where the curves have another order or share
            points.

    Raises:
        ValueError: If there is no point, a name occurs twice in a curve, in
            two groups or in the order, ``order`` has other points than the
            curves, the normaliser is not two of the points, or a point has
            no mirror image: ``left_ear`` without a ``right_ear``.
    """

    name: str
    curves: tuple[Curve, ...]
    normalizer: tuple[str, ...] | None
    order: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        grouped = [name for names in self._members.values() for name in names]
        for names in (*(c.points for c in self.curves), grouped, self.points):
            if len(set(names)) != len(names):
                raise ValueError(
                    f'{self.name}: a point name occurs twice; only curves of '
                    'one group may share points, where an order is given'
                )
        if not grouped:
            raise ValueError(f'{self.name}: expected one or more points')
        if set(self.points) != set(grouped):
            raise ValueError(
                f'{self.name}: the order must name the points of the curves, each once'
            )
        ends = self.normalizer or ()
        if len(ends) not in (0, 2) or not set(ends) <= set(grouped):
            raise ValueError(
                f'{self.name}: expected two of the points as normalizer, or None, got {ends}'
            )
        unpaired = [n for n in grouped if _swap_sides(n) not in set(grouped)]
        if unpaired:
            raise ValueError(
                f'{self.name}: {unpaired[0]} has no mirror image, '
                f'expected a point {_swap_sides(unpaired[0])}'
            )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Scheme:
        """A custom scheme, from a config or a file.

        Args:
            content (Mapping): The output of :meth:`to_dict`: ``name``,
                ``curves`` (each with ``group``, ``points`` and, if it is
                closed, ``closed=True``), and optionally ``normalizer`` and
                ``order``. Instead of curves it may have ``points``, the names
                alone: they are then in one group, without lines to draw.

        Raises:
            ValueError: If it is not of this form.
        """
        no_curves = isinstance(content, Mapping) and 'curves' not in content
        if no_curves and 'points' in content:
            content = _with_curves(content)
        _check_keys(
            'a scheme', content, dict(name=str, curves=_LIST), dict(normalizer=_LIST, order=_LIST)
        )
        curves = []
        for curve in content['curves']:
            _check_keys(
                f'a curve of {content["name"]}',
                curve,
                dict(group=str, points=_LIST),
                dict(closed=bool),
            )
            curves.append(
                Curve(curve['group'], _strings(curve['points']), curve.get('closed', False))
            )
        normalizer, order = content.get('normalizer'), content.get('order')
        return cls(
            content['name'],
            tuple(curves),
            None if normalizer is None else _strings(normalizer),
            None if order is None else _strings(order),
        )

    def to_dict(self) -> dict[str, Any]:
        """The scheme as strings and lists, the input of :meth:`from_dict`."""
        content: dict[str, Any] = dict(
            name=self.name,
            curves=[
                dict(group=c.group, points=list(c.points), closed=c.closed) for c in self.curves
            ],
        )
        for key in ('normalizer', 'order'):
            if getattr(self, key) is not None:
                content[key] = list(getattr(self, key))
        return content

    @property
    def _members(self) -> dict[str, dict[str, None]]:
        """The points of each group, as keys, since curves may share some."""
        members: dict[str, dict[str, None]] = {}
        for curve in self.curves:
            members.setdefault(curve.group, {}).update(dict.fromkeys(curve.points))
        return members

    @property
    def points(self) -> tuple[str, ...]:
        """The K point names, in the order of the annotation files."""
        return self.order or tuple(name for curve in self.curves for name in curve.points)

    @property
    def num_points(self) -> int:
        """K, the number of points."""
        return len(self.points)

    @property
    def index(self) -> dict[str, int]:
        """From point name to index."""
        return {name: i for i, name in enumerate(self.points)}

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """From group name to the indices of its points."""
        index = self.index
        return {
            group: tuple(index[name] for name in names) for group, names in self._members.items()
        }

    def select(self, part: str) -> tuple[int, ...]:
        """The indices of a part of the face.

        Args:
            part (str): The name of a point; a group; or the beginning of the
                names of points, up to a ``_``, such as ``'left_eye'``,
                ``'left_brow'`` or ``'nose_bridge'``.

        Returns:
            tuple[int]: In the order of the annotation files.

        Raises:
            ValueError: If no point belongs to the part.
        """
        if part in self.index:
            return (self.index[part],)
        if part in self.groups:
            return self.groups[part]
        found = tuple(i for name, i in self.index.items() if name.startswith(f'{part}_'))
        if not found:
            sides = dict.fromkeys('_'.join(name.split('_')[:2]) for name in self.points)
            raise ValueError(
                f'{self.name} has no part {part!r}: expected the name of a '
                f'point, one of the groups {", ".join(self.groups)}, or how '
                f'names begin, such as {", ".join(list(sides)[:4])}'
            )
        return found

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each point the index of its mirror image; a point in the middle
        of the face is its own mirror image."""
        index = self.index
        return tuple(index[_swap_sides(name)] for name in self.points)

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """Pairs of point indices to join when a face is drawn."""
        index = self.index
        lines: list[tuple[int, int]] = []
        for curve in self.curves:
            chain = [index[name] for name in curve.points]
            lines += zip(chain, chain[1:])
            if curve.closed:
                lines.append((chain[-1], chain[0]))
        return tuple(lines)

    @property
    def normalizer_indices(self) -> tuple[int, int] | None:
        """Indices of the two points of ``normalizer``, None for the box."""
        if self.normalizer is None:
            return None
        index = self.index
        return index[self.normalizer[0]], index[self.normalizer[1]]

    @property
    def ocular_indices(self) -> tuple[int, int]:
        """Indices of the two points of ``normalizer``, or of the outer eye
        corners where the normaliser is the box.

        Raises:
            ValueError: If the scheme has neither.
        """
        ends, index = self.normalizer or OUTER_EYE_CORNERS, self.index
        if not set(ends) <= set(index):
            raise ValueError(
                f'{self.name} has no normalizer and no points '
                f'{" and ".join(ends)}, whose distance was asked '
                'for'
            )
        return index[ends[0]], index[ends[1]]

    @property
    def pupil_indices(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indices of the points whose mean is the left and the right pupil:
        the pupil itself, or the point in the middle of the eye, or all points
        of the eye.

        Raises:
            ValueError: If the scheme has none of these.
        """
        index = self.index
        for name in ('pupil', 'eye_center'):
            if f'left_{name}' in index:
                return (index[f'left_{name}'],), (index[f'right_{name}'],)
        left, right = (
            tuple(i for n, i in index.items() if n.startswith(f'{side}_eye_'))
            for side in ('left', 'right')
        )
        if not left:
            raise ValueError(
                f'{self.name} has no points whose names begin '
                'with left_eye_ and right_eye_, of which pupils '
                'could be the middle'
            )
        return left, right

    def map_to(self, other: Scheme) -> tuple[int, ...]:
        """The exact map into another scheme.

        Args:
            other (Scheme): The scheme to convert to.

        Returns:
            tuple[int]: For each point of ``other`` the index of the same
            point here, so that ``keypoints[:, list(map)]`` converts.

        Raises:
            ValueError: If this scheme lacks a point of ``other``: there are
                no approximate maps.

        Examples:
            >>> WFLW98.map_to(IBUG68)[:4]
            (0, 2, 4, 6)
        """
        index = self.index
        missing = [name for name in other.points if name not in index]
        if missing:
            raise ValueError(
                f'no exact map from {self.name} to {other.name}: '
                f'{self.name} has no point {", ".join(missing)}'
            )
        return tuple(index[name] for name in other.points)


_LIST = list, tuple


def _with_curves(content: Mapping[str, Any]) -> dict[str, Any]:
    """A scheme given by its points alone, with one curve for each point."""
    _check_keys('a scheme', content, dict(name=str, points=_LIST), dict(normalizer=_LIST))
    content = dict(content)
    points = content.pop('points')
    curves = [dict(group='face', points=[name]) for name in points]
    return dict(content, curves=curves)


def _check_keys(what: str, content: Any, needed: dict[str, Any], optional: dict[str, Any]) -> None:
    """Raise ValueError unless ``content`` is a dictionary with these keys and
    types of values."""
    if not isinstance(content, Mapping):
        raise ValueError(f'{what}: expected a dictionary with {", ".join(needed)}, got {content!r}')
    types = {**needed, **optional}
    for key in (*needed, *content):
        value = content.get(key)
        if key not in types:
            raise ValueError(f'{what} has no {key!r}: expected {", ".join(types)}')
        if value is None and key in optional:
            continue
        if not isinstance(value, types[key]):
            kind = 'list' if types[key] is _LIST else types[key].__name__
            raise ValueError(f'{what}: expected a {kind} as {key}, got {value!r}')


def _strings(values: Iterable[Any]) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise ValueError(f'expected the name of a point, got {value!r}')
    return tuple(values)


def _swap_sides(name: str) -> str:
    side, _, rest = name.partition('_')
    swapped = {'left': 'right', 'right': 'left'}.get(side)
    return f'{swapped}_{rest}' if swapped else name


def _names(template: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return tuple(template.format(number) for number in numbers)


def _jaw(step: int) -> Curve:
    """The 33 contour points of WFLW, or every ``step``-th of them."""
    return Curve(
        'jaw',
        (
            *_names('left_jaw_{}', range(16, 0, -step)),
            'chin',
            *_names('right_jaw_{}', range(step, 17, step)),
        ),
    )


_LEFT_BROW = _names('left_brow_upper_{}', range(5, 0, -1))
_RIGHT_BROW = _names('right_brow_upper_{}', range(1, 6))

_NOSE = (
    Curve('nose', _names('nose_bridge_{}', range(1, 5))),
    Curve(
        'nose',
        ('left_nostril_2', 'left_nostril_1', 'nose_base', 'right_nostril_1', 'right_nostril_2'),
    ),
)

_LIPS = (
    Curve(
        'lips',
        (
            'left_mouth_corner',
            'left_upper_lip_outer_2',
            'left_upper_lip_outer_1',
            'upper_lip_outer',
            'right_upper_lip_outer_1',
            'right_upper_lip_outer_2',
            'right_mouth_corner',
            'right_lower_lip_outer_2',
            'right_lower_lip_outer_1',
            'lower_lip_outer',
            'left_lower_lip_outer_1',
            'left_lower_lip_outer_2',
        ),
        closed=True,
    ),
    Curve(
        'lips',
        (
            'left_mouth_inner_corner',
            'left_upper_lip_inner',
            'upper_lip_inner',
            'right_upper_lip_inner',
            'right_mouth_inner_corner',
            'right_lower_lip_inner',
            'lower_lip_inner',
            'left_lower_lip_inner',
        ),
        closed=True,
    ),
)


def _eyes(with_lid_middles: bool) -> tuple[Curve, Curve]:
    """Both eyes, from each one's left corner clockwise."""
    upper = ['upper_outer', 'upper_inner']
    if with_lid_middles:
        upper.insert(1, 'upper_middle')
    lower = [name.replace('upper', 'lower') for name in upper]
    left = ['outer_corner', *upper, 'inner_corner', *reversed(lower)]
    right = ['inner_corner', *reversed(upper), 'outer_corner', *lower]
    return (
        Curve('eyes', tuple(f'left_eye_{p}' for p in left), closed=True),
        Curve('eyes', tuple(f'right_eye_{p}' for p in right), closed=True),
    )


def _ibug68() -> Scheme:
    brows = Curve('brows', _LEFT_BROW), Curve('brows', _RIGHT_BROW)
    eyes = _eyes(with_lid_middles=False)
    return Scheme(
        name='ibug68',
        curves=(_jaw(step=2), *brows, *_NOSE, *eyes, *_LIPS),
        normalizer=OUTER_EYE_CORNERS,
    )


def _wflw98() -> Scheme:
    left_brow = _LEFT_BROW + _names('left_brow_lower_{}', range(1, 5))
    right_brow = _RIGHT_BROW + _names('right_brow_lower_{}', range(4, 0, -1))
    brows = (Curve('brows', left_brow, closed=True), Curve('brows', right_brow, closed=True))
    eyes = _eyes(with_lid_middles=True)
    pupils = (Curve('pupils', ('left_pupil',)), Curve('pupils', ('right_pupil',)))
    return Scheme(
        name='wflw98',
        curves=(_jaw(step=1), *brows, *_NOSE, *eyes, *_LIPS, *pupils),
        normalizer=OUTER_EYE_CORNERS,
    )


def _both_sides(curves: Iterable[Curve]) -> tuple[Curve, ...]:
    """Curves of the left side, each followed by its mirror image."""
    return tuple(
        Curve(curve.group, tuple(map(side, curve.points)), curve.closed)
        for curve in curves
        for side in (str, _swap_sides)
    )


def _cofw29() -> Scheme:
    sides = _both_sides(
        (
            Curve(
                'brows',
                (
                    'left_brow_outer_end',
                    'left_brow_upper_middle',
                    'left_brow_inner_end',
                    'left_brow_lower_middle',
                ),
                closed=True,
            ),
            Curve(
                'eyes',
                (
                    'left_eye_outer_corner',
                    'left_eye_upper_middle',
                    'left_eye_inner_corner',
                    'left_eye_lower_middle',
                ),
                closed=True,
            ),
            Curve('pupils', ('left_pupil',)),
        )
    )
    nose = Curve(
        'nose', ('left_nose_wing', 'nose_tip', 'right_nose_wing', 'nose_base'), closed=True
    )
    # Both lips go through the corners of the mouth.
    lips = (
        Curve(
            'lips',
            ('left_mouth_corner', f'{lip}_lip_{upper}', 'right_mouth_corner', f'{lip}_lip_{lower}'),
            closed=True,
        )
        for lip, upper, lower in (('upper', 'outer', 'inner'), ('lower', 'inner', 'outer'))
    )
    return Scheme(
        name='cofw29',
        curves=(*sides, nose, *lips, Curve('jaw', ('chin',))),
        normalizer=OUTER_EYE_CORNERS,
        order=(
            'left_brow_outer_end',
            'right_brow_outer_end',
            'left_brow_inner_end',
            'right_brow_inner_end',
            'left_brow_upper_middle',
            'left_brow_lower_middle',
            'right_brow_upper_middle',
            'right_brow_lower_middle',
            'left_eye_outer_corner',
            'right_eye_outer_corner',
            'left_eye_inner_corner',
            'right_eye_inner_corner',
            'left_eye_upper_middle',
            'left_eye_lower_middle',
            'right_eye_upper_middle',
            'right_eye_lower_middle',
            'left_pupil',
            'right_pupil',
            'left_nose_wing',
            'right_nose_wing',
            'nose_tip',
            'nose_base',
            'left_mouth_corner',
            'right_mouth_corner',
            'upper_lip_outer',
            'upper_lip_inner',
            'lower_lip_inner',
            'lower_lip_outer',
            'chin',
        ),
    )


def _aflw19() -> Scheme:
    brow = 'brow_outer_end', 'brow_center', 'brow_inner_end'
    eye = 'eye_outer_corner', 'eye_center', 'eye_inner_corner'
    return Scheme(
        name='aflw19',
        curves=(
            Curve('brows', tuple(f'left_{p}' for p in brow)),
            Curve('brows', tuple(f'right_{p}' for p in reversed(brow))),
            Curve('eyes', tuple(f'left_{p}' for p in eye)),
            Curve('eyes', tuple(f'right_{p}' for p in reversed(eye))),
            Curve('nose', ('left_nose_wing', 'nose_tip', 'right_nose_wing')),
            Curve('lips', ('left_mouth_corner', 'mouth_center', 'right_mouth_corner')),
            Curve('jaw', ('chin',)),
        ),
        normalizer=None,
    )


IBUG68 = _ibug68()
WFLW98 = _wflw98()
COFW29 = _cofw29()
AFLW19 = _aflw19()

SCHEMES = {scheme.name: scheme for scheme in (IBUG68, WFLW98, COFW29, AFLW19)}

# From the name of a data set of MMPose to the scheme of its points, which
# MMPose calls kpt-0, kpt-1, ... or face-0, face-1, ...
MMPOSE_SCHEMES = {
    '300w': IBUG68,
    '300vw': IBUG68,
    '300wlp': IBUG68,
    'coco_wholebody_face': IBUG68,
    'wflw': WFLW98,
    'cofw': COFW29,
    'aflw': AFLW19,
}


def get_scheme(scheme: str | Mapping[str, Any] | Scheme) -> Scheme:
    """A scheme by its name, or a custom one.

    Args:
        scheme (str | Mapping | Scheme): The name of one of :data:`SCHEMES`,
            a dictionary for :meth:`Scheme.from_dict`, or a scheme, which is
            returned as it is.

    Raises:
        ValueError: If no scheme has this name; the message lists the names.
    """
    if isinstance(scheme, Scheme):
        return scheme
    if isinstance(scheme, Mapping):
        return Scheme.from_dict(scheme)
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(f'unknown landmark scheme {scheme!r}; known: {", ".join(sorted(SCHEMES))}')
    return SCHEMES[scheme]


def name_or_dict(scheme: Scheme) -> str | dict[str, Any]:
    """A scheme as files hold it, for :func:`get_scheme`: the name of one of
    :data:`SCHEMES`, the whole dictionary of any other."""
    known = SCHEMES.get(scheme.name) == scheme
    return scheme.name if known else scheme.to_dict()


def point_colors(scheme: Scheme) -> dict[int, tuple[int, int, int]]:
    """Colour of each point by its index: that of its group, BGR."""
    return {i: GROUP_COLORS.get(g, _OTHER_COLOR) for g, ids in scheme.groups.items() for i in ids}


def scheme_of(points: Iterable[str]) -> Scheme:
    """The scheme that has these points, such as those of a data set or of a
    checkpoint (``dataset_meta['keypoint_id2name'].values()``).

    Args:
        points (Iterable[str]): The K point names in order.

    Raises:
        ValueError: If no scheme has these points in this order.
    """
    points = tuple(points)
    for scheme in SCHEMES.values():
        if scheme.points == points:
            return scheme
    raise ValueError(
        f'no landmark scheme has these {len(points)} points '
        f'({", ".join(points[:3])}, ...); known: '
        f'{", ".join(sorted(SCHEMES))}'
    )


def scheme_of_dataset(meta: dict[str, Any]) -> Scheme:
    """The scheme of a data set: the one it names, or the one with its points.
    For MMPose's data sets, whose points are only numbered, it is the one in
    :data:`MMPOSE_SCHEMES`.

    Args:
        meta (dict): Metainfo as MMPose parses it, with ``keypoint_id2name``,
            ``dataset_name`` and, of
            :class:`~mmpose_face.datasets.CustomFaces`, ``scheme``.

    Raises:
        ValueError: If it names none and no scheme has these points, or a data
            set of MMPose has another number of points.
    """
    if 'scheme' in meta:
        return get_scheme(meta['scheme'])
    names, dataset = meta['keypoint_id2name'], meta.get('dataset_name')
    points = tuple(names[i] for i in range(len(names)))
    if dataset not in MMPOSE_SCHEMES or not _are_numbered(points):
        return scheme_of(points)
    scheme = MMPOSE_SCHEMES[dataset]
    if scheme.num_points != len(points):
        raise ValueError(
            f'{dataset} has the {scheme.num_points} points of '
            f'{scheme.name}, but this data has {len(points)}'
        )
    return scheme


def _are_numbered(points: tuple[str, ...]) -> bool:
    return any(points == _names(word + '-{}', range(len(points))) for word in ('kpt', 'face'))


def scheme_of_metainfo(meta: dict[str, Any]) -> Scheme:
    """The scheme of a data set, known here or not.

    Args:
        meta (dict): Metainfo as MMPose parses it: ``dataset_name``,
            ``keypoint_id2name`` and ``skeleton_links``.

    Returns:
        Scheme: The one of :func:`scheme_of_dataset`. Where there is none, a
        new one with the data set's name and the lines of its skeleton, all
        points in the group ``'face'``, and the box as its normaliser.
    """
    try:
        return scheme_of_dataset(meta)
    except ValueError:
        if 'scheme' in meta:
            raise
    names = meta['keypoint_id2name']
    points = tuple(names[i] for i in range(len(names)))
    chains = _chains(meta['skeleton_links'])
    curves = [Curve('face', tuple(points[i] for i in chain), closed) for chain, closed in chains]
    joined = {i for chain, _ in chains for i in chain}
    curves += [Curve('face', (name,)) for i, name in enumerate(points) if i not in joined]
    return Scheme(meta['dataset_name'], tuple(curves), None, points)


def _chains(links: Iterable[tuple[int, int]]) -> tuple[tuple[tuple[int, ...], bool], ...]:
    """Links that follow one another as chains, and whether each is closed."""
    chains: list[list[int]] = []
    for start, end in links:
        last = chains[-1] if chains else None
        if last and last[-1] == start and len(set(last)) == len(last):
            last.append(end)
        else:
            chains.append([start, end])
    return tuple((tuple(c[:-1]), True) if c[0] == c[-1] else (tuple(c), False) for c in chains)
