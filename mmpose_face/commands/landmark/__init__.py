# SPDX-License-Identifier: Apache-2.0
"""Landmarks of an image, a folder, a video or a webcam as files: the work of
``tools/landmark.py``."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ...inference.landmarking import Landmarker
from ...inference.videos import VIDEO_SUFFIXES
from .folder import landmark_folder, landmark_image
from .model_choice import ModelChoice
from .options import Options, Summary
from .video import landmark_video

__all__ = ['ModelChoice', 'Options', 'Summary', 'is_video', 'landmark']


def landmark(
    source: str, landmarker: Landmarker, options: Options, made_by: dict[str, Any] | None = None
) -> Summary:
    """Write the landmarks of an image, a folder, a video or a webcam to files.

    Args:
        source (str): A file or a folder, or the number of a webcam.
        landmarker (Landmarker): The model that finds the landmarks.
        options (Options): The outputs.
        made_by (dict, optional): Description of the landmarker for the files.
            Results of a folder with another description are made again.

    Returns:
        Summary: Numbers of images or frames and faces, and the files.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file cannot be read, or the options contradict each
            other.
    """
    started = time.monotonic()
    made_by = made_by or {}
    if is_video(source):
        live = not Path(source).suffix
        done = landmark_video(int(source) if live else source, landmarker, options, made_by)
    elif options.show or options.frames:
        raise ValueError(f'frames and a window are for videos, and {source} is not a video')
    elif os.path.isdir(source):
        done = landmark_folder(Path(source), landmarker, options, made_by)
    else:
        done = landmark_image(Path(source), landmarker, options, made_by)
    done.seconds = time.monotonic() - started
    return done


def is_video(source: str) -> bool:
    """Whether an input is the name of a video file or the number of a webcam."""
    if Path(source).suffix.lower() in VIDEO_SUFFIXES:
        return True
    return source.isdigit() and not os.path.exists(source)
