# SPDX-License-Identifier: Apache-2.0
"""The normaliser of a metric, by its name or by the arguments of MMPose's
``NME``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from ..landmarks import MMPOSE_SCHEMES, Scheme, scheme_of_dataset, scheme_of_metainfo
from .scores import NORMALIZERS


def check_choice(name: str, value, choices: Sequence) -> None:
    """Refuse a value that is not among the choices.

    Args:
        name (str): The argument.
        value (Any): What was given for it.
        choices (Sequence): What it may be.

    Raises:
        ValueError: If it is none of them.
    """
    if value not in choices:
        names = ', '.join(map(str, choices))
        raise ValueError(f'{name} must be one of {names}, got {value!r}')


@dataclass(frozen=True)
class Normalization:
    """What errors are divided by, as :class:`~.metrics.SubsetNME` is told.

    Args:
        normalizer (str, optional): One of :data:`~.scores.NORMALIZERS`.
        norm_mode (str, optional): In its place, as MMPose's ``NME`` has it:
            ``'keypoint_distance'`` or ``'use_norm_item'``.
        norm_item (str, optional): Of ``'use_norm_item'``: ``'bbox_size'``,
            or a field of ``gt_instances`` with one number for the face.
        keypoint_indices (Sequence[int], optional): Of
            ``'keypoint_distance'``: two points. Defaults to those of the
            benchmark.

    Raises:
        ValueError: If an argument is not one of those, or two contradict.
    """

    normalizer: str | None = None
    norm_mode: str | None = None
    norm_item: str | None = None
    keypoint_indices: Sequence[int] | None = None

    def __post_init__(self):
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
        """One of :data:`~.scores.NORMALIZERS`; None for that of the
        benchmark."""
        if self._by_item:
            return 'bbox_size' if self.norm_item == 'bbox_size' else 'face_box'
        return 'inter_ocular' if self._by_points else self.normalizer

    def scheme_of(self, meta: dict[str, Any]) -> Scheme:
        """The landmark scheme of a data set, with the points whose distance
        is the normaliser.

        Args:
            meta (dict): Metainfo as MMPose parses it.

        Returns:
            Scheme: One of :mod:`mmpose_face.landmarks`, or that which the
            data set says; where neither is known but the normaliser is, one
            made of the metainfo.

        Raises:
            ValueError: If nothing says the normaliser, or the data lacks one
                of the two points; the message says what to change.
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

    def size_in(self, sample: dict) -> np.ndarray | None:
        """The normaliser that a sample says.

        Args:
            sample (dict): A sample of one face.

        Returns:
            np.ndarray | None: In pixels, without dimensions; None where
            ``norm_item`` names no field.

        Raises:
            ValueError: If it has no such field, or not one number in it.
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
    """The points that MMPose's ``NME`` takes of a data set that we do not
    know, such as LaPa."""
    name = meta['dataset_name']
    if name in MMPOSE_SCHEMES:  # with other points than they are for
        return None
    # MMPose's data sets and metrics take a second to load.
    from mmpose.evaluation.metrics import NME

    return NME.DEFAULT_KEYPOINT_INDICES.get(name)


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
