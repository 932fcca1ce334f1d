# SPDX-License-Identifier: Apache-2.0
"""MMPose's metainfo, derived from :mod:`mmpose_face.landmarks`."""

from typing import Any

from ..landmarks import Scheme, point_colors


def scheme_metainfo(dataset_name: str, scheme: Scheme) -> dict:
    """Write a scheme as the metainfo that ``parse_pose_metainfo`` takes.

    Args:
        dataset_name (str): Name that goes with the data, such as ``'300w'``;
            MMPose's ``NME`` chooses its normaliser by it.
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
    """A copy of a part of metainfo, of which a sample gets one of its own.

    Args:
        value (Any): A list, a dictionary or an array with entries that nobody
            can alter, such as tuples; or something that nobody can alter.

    Returns:
        Any: The same; another list, dictionary or array. ``deepcopy`` would
        look at each entry.
    """
    return value.copy() if hasattr(value, 'copy') else value
