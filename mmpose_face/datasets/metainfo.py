# SPDX-License-Identifier: Apache-2.0
"""MMPose's metainfo, derived from :mod:`mmpose_face.landmarks`."""

from typing import Any

from ..landmarks import Scheme, point_colors


def scheme_metainfo(dataset_name: str, scheme: Scheme) -> dict:
    """Write a scheme as metainfo for MMPose's ``parse_pose_metainfo``.

    Args:
        dataset_name (str): Name of the data set, such as ``'300w'``, by which
            MMPose's ``NME`` chooses its normaliser.
        scheme (Scheme): The landmark scheme with K points.

    Returns:
        dict: ``keypoint_info`` with the K points and the mirror image of
        each (``swap``), ``skeleton_info`` with the lines to draw,
        ``joint_weights`` of ones and no ``sigmas``.
    """
    names, mirror = scheme.points, scheme.mirror
    color = point_colors(scheme)
    keypoint_info = {
        i: dict(
            name=name,
            id=i,
            color=list(color[i]),
            type='',
            swap='' if mirror[i] == i else names[mirror[i]],
        )
        for i, name in enumerate(names)
    }
    skeleton_info = {
        i: dict(link=(names[start], names[end]), id=i, color=list(color[start]))
        for i, (start, end) in enumerate(scheme.lines)
    }
    return dict(
        dataset_name=dataset_name,
        keypoint_info=keypoint_info,
        skeleton_info=skeleton_info,
        joint_weights=[1.0] * scheme.num_points,
        sigmas=[],
    )


def own_copy(value: Any) -> Any:
    """Copy a value of metainfo for a sample, faster than ``deepcopy``.

    Args:
        value (Any): A list, a dictionary or an array with immutable entries,
            such as tuples; or an immutable value.

    Returns:
        Any: A shallow copy; an immutable value itself.
    """
    return value.copy() if hasattr(value, 'copy') else value
