# SPDX-License-Identifier: Apache-2.0
"""The normaliser of a metric, given by its name or by the arguments of
MMPose's ``NME``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from ..arrays import Array
from ..landmarks import MMPOSE_SCHEMES, Scheme, scheme_of_dataset, scheme_of_metainfo
from .scores import NORMALIZERS


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Check that an argument is one of its choices.

    Args:
        name (str): The name of the argument.
        value (Any): The value of the argument.
        choices (Sequence): The allowed values.

    Raises:
        ValueError: If the value is not one of them.
    """
    if value not in choices:
        names = ', '.join(map(str, choices))
        raise ValueError(f'{name} must be one of {names}, got {value!r}')


@dataclass(frozen=True)
class Normalization:
    """The normaliser of errors, from the arguments of
    :class:`~.metrics.SubsetNME`.

    Args:
        normalizer (str, optional): One of :data:`~.scores.NORMALIZERS`.
        norm_mode (str, optional): Instead of ``normalizer``, as in MMPose's
            ``NME``: ``'keypoint_distance'`` or ``'use_norm_item'``.
        norm_item (str, optional): For ``'use_norm_item'``: ``'bbox_size'``,
            or a field of ``gt_instances`` with one number for the face.
        keypoint_indices (Sequence[int], optional): For
            ``'keypoint_distance'``: the indices of two points. Defaults to
            those of the benchmark.

    Raises:
        ValueError: If an argument is not one of these, or two contradict each
            other.
    """

    normalizer: str | None = None
    norm_mode: str | None = None
    norm_item: str | None = None
    keypoint_indices: Sequence[int] | None = None

    def __post_init__(self) -> None:
        check_choice('normalizer', self.normalizer, (None, *NORMALIZERS))
        check_choice('norm_mode', self.norm_mode, (None, 'keypoint_distance', 'use_norm_item'))
        ways = (self.normalizer is not None, self._by_points, self._by_item)
        if sum(ways) > 1:
            given = ', '.join(
                f'{name}={value!r}' for name, value in vars(self).items() if value is not None
            )
            raise ValueError(
                f'{given}: expected one way to say the normaliser: '
                "normalizer; or norm_mode='keypoint_distance', with "
                "keypoint_indices or without; or norm_mode='use_norm_item' "
                'with norm_item'
            )
        if self._by_item and not self.norm_item:
            raise ValueError("norm_mode='use_norm_item' needs a norm_item, such as 'bbox_size'")
        if self.keypoint_indices is not None:
            _check_pair(self.keypoint_indices)

    @property
    def _by_points(self) -> bool:
        return self.norm_mode == 'keypoint_distance' or self.keypoint_indices is not None

    @property
    def _by_item(self) -> bool:
        return self.norm_mode == 'use_norm_item' or self.norm_item is not None

    @property
    def name(self) -> str | None:
        """One of :data:`~.scores.NORMALIZERS`, or None for the benchmark's
        normaliser."""
        if self._by_item:
            return 'bbox_size' if self.norm_item == 'bbox_size' else 'face_box'
        return 'inter_ocular' if self._by_points else self.normalizer

    def scheme_of(self, meta: dict[str, Any]) -> Scheme:
        """The landmark scheme of a data set, with the two points whose
        distance is the normaliser.

        Args:
            meta (dict): Metainfo as MMPose parses it.

        Returns:
            Scheme: One of :mod:`mmpose_face.landmarks`, or the data set's
            own. If there is neither, but the normaliser is known, a scheme
            made from the metainfo.

        Raises:
            ValueError: If the normaliser is unknown, or the data lacks one of
                its two points; the message says what to change.
        """
        pair, unknown = self.keypoint_indices, None
        try:
            scheme = scheme_of_dataset(meta)
        except ValueError as error:
            unknown = error
        if unknown:
            scheme = scheme_of_metainfo(meta)
            if pair is None and self.name in (None, 'inter_ocular'):
                pair = _pair_of_mmpose(meta)
        if pair is not None:
            return _with_pair(scheme, pair)
        if unknown and self.name is None or (self._by_points and scheme.normalizer is None):
            why = unknown or (f'{scheme.name} has no two points whose distance is its normaliser')
            raise ValueError(f'{meta["dataset_name"]}: {why}; {_ADVICE}')
        return scheme

    def size_in(self, sample: dict[str, Any]) -> Array | None:
        """The normaliser in the field ``norm_item`` of a sample.

        Args:
            sample (dict): A sample of one face.

        Returns:
            np.ndarray | None: In pixels, without dimensions; None where
            ``norm_item`` names no field.

        Raises:
            ValueError: If the field is missing or does not hold one number.
        """
        if self.norm_item in (None, 'bbox_size'):
            return None
        truth = sample['gt_instances']
        size = np.asarray(truth.get(self.norm_item, ()))
        if size.size != 1:
            raise ValueError(
                f'expected one number as {self.norm_item} (norm_item) in '
                f'gt_instances of {sample["img_path"]}, got '
                f'{size.size}; its fields are {", ".join(sorted(truth))}'
            )
        return size.reshape(())


_ADVICE = (
    'give keypoint_indices=[i, j], two points whose distance is the '
    "normaliser; or norm_mode='use_norm_item', norm_item='bbox_size'; or use "
    'CustomFaces with scheme=... as the data set'
)


def _check_pair(indices: Sequence[int]) -> None:
    numbers = [i for i in indices if isinstance(i, Integral) and i >= 0]
    if len(indices) != 2 or len(set(numbers)) != 2:
        raise ValueError(
            f'keypoint_indices must be the numbers of two points, from 0, got {list(indices)}'
        )


def _pair_of_mmpose(meta: dict[str, Any]) -> Sequence[int] | None:
    """The two points that MMPose's ``NME`` takes for a data set that is
    unknown here, such as LaPa."""
    name = meta['dataset_name']
    if name in MMPOSE_SCHEMES:  # but with other points than in that scheme
        return None
    # Imported here because it takes a second.
    from mmpose.evaluation.metrics import NME

    pairs: dict[str, Sequence[int]] = NME.DEFAULT_KEYPOINT_INDICES
    return pairs.get(name)


def _with_pair(scheme: Scheme, pair: Sequence[int]) -> Scheme:
    if max(pair) >= scheme.num_points:
        raise ValueError(
            f'keypoint_indices={list(pair)}: {scheme.name} has '
            f'the points 0 to {scheme.num_points - 1}'
        )
    if set(pair) == set(scheme.normalizer_indices or ()):
        return scheme
    first, second = (scheme.points[i] for i in pair)
    return replace(scheme, normalizer=(first, second))
