# SPDX-License-Identifier: Apache-2.0
"""The report of a test as one HTML page."""

from __future__ import annotations

import base64
import hashlib
import importlib
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import torch

from ..evaluation.functional import per_landmark
from ..evaluation.scores import Protocol, Scores, described_normalizer
from ..evaluation.table import Table, Unit, make_table
from ..files import PathLike, write_whole
from .ced import ced_svg, plot_ced, subset_curves
from .report_tables import (
    SortableTable,
    figures_table,
    groups_table,
    landmarks_table,
    percentiles_table,
    short_names,
    without_failed,
    worst_table,
)
from .schematic import can_be_drawn, draw_schematic, mean_shape, scale_end
from .worst import LoadImage, draw_worst, error_text, worst_faces, worst_sheet

_TEMPLATE = 'report.html.j2'
_SIDE, _QUALITY = 288, 85  # of a face's picture: side in pixels, JPEG quality

_NORMALIZERS = dict(
    inter_ocular='the distance of the outer eye corners',
    inter_pupil='the distance of the pupils',
    face_box='the side of the face box, √(w h)',
    box_diagonal='the diagonal of the face box',
    bbox_size='the longer side of the face box',
    landmark_box='the side of the box around the landmarks, √(w h)',
)
_PROTOCOLS = dict(
    mmpose='NME is the mean over all labelled points, as MMPose has it',
    paper='NME is the mean over faces, as papers have it',
)


def write_report(
    path: PathLike,
    systems: dict[str, Scores],
    columns: Sequence[str],
    threshold: float,
    *,
    protocol: Protocol = 'paper',
    unit: Unit = 'percent',
    title: str = 'Face landmarks',
    when: str | None = None,
    config_text: str | None = None,
    environment: dict[str, str] | None = None,
    load_image: LoadImage | None = None,
    bootstrap: int = 1000,
    worst: int = 24,
) -> None:
    """Write a report of one or more systems as a single HTML file.

    The file contains its pictures, needs no network, and forbids the browser
    to load anything else. Without JavaScript only the sorting of tables is
    missing. The same arguments give the same bytes.

    Args:
        path (str | PathLike): The file, usually ``report.html``.
        systems (dict[str, Scores]): From the name of each system to its
            scores; the report is about the first. Scores with ``truth`` and
            ``predicted``, together with ``load_image``, give pictures of the
            worst faces.
        columns (Sequence[str]): Subsets in the order of the table, the main
            one first.
        threshold (float): Threshold of failure rate and AUC, a ratio.
        protocol (str): See :func:`~mmpose_face.evaluation.make_table`.
        unit (str): ``'percent'`` or ``'ratio'``, for the tables; pictures
            always show per cent.
        title (str): The heading.
        when (str, optional): A date to show. Defaults to none.
        config_text (str, optional): The config to show. Defaults to none.
        environment (dict[str, str], optional): Names and versions to show.
            Defaults to :func:`environment_info`.
        load_image (Callable, optional): From the name of a file to its BGR
            image ``(H, W, 3)`` of uint8. Defaults to no pictures.
        bootstrap (int): Samples for the 95 % intervals, 0 for none.
        worst (int): How many of the worst faces to show.

    Raises:
        ValueError: If there is no system or no column, or systems differ in
            scheme or normaliser.
        Exception: Any exception of ``load_image``.
    """
    _check(systems, columns)
    tables = {
        name: make_table(scores, columns, threshold, protocol, unit, bootstrap)
        for name, scores in systems.items()
    }
    main, scores = next(iter(systems.items()))
    names = short_names([f for s in systems.values() for f in s.files])
    chosen = worst_faces(scores, worst)
    text = _template().render(
        title=title,
        when=when,
        main=main,
        systems=list(systems),
        facts=_reading_notes(scores, columns, threshold, protocol, unit, bootstrap),
        tiles=_main_figures(tables[main]),
        warnings=_warnings(systems),
        figures=figures_table(tables),
        percentiles=percentiles_table(systems, columns, unit),
        plots=_plots(systems, columns, threshold),
        faces=_schematics(systems),
        **_landmark_tables(systems, unit),
        sheets=_sheets(systems, worst, names, load_image),
        worst=worst_table(systems, chosen, names, unit) if chosen else None,
        troubles=_unscored_faces(systems, names),
        config_text=config_text,
        environment=environment_info() if environment is None else environment,
        version=importlib.import_module('mmpose_face').__version__,
    )
    # File names may contain bytes that are not text.
    write_whole(path, text.encode('utf-8', 'xmlcharrefreplace'))


def write_report_folder(
    folder: PathLike,
    systems: dict[str, Scores],
    columns: Sequence[str],
    threshold: float,
    **options,
) -> Path:
    """Write ``report.html`` and its main pictures into a folder.

    ``ced.png`` and ``ced.svg`` show the error curves of all systems on the
    main column or, for a single system, those of all its columns.
    ``worst.jpg`` is a sheet of the first system's worst faces; it needs
    points and images.

    Args:
        folder (str | PathLike): The folder; created if missing.
        systems (dict[str, Scores]): See :func:`write_report`.
        columns (Sequence[str]): See :func:`write_report`.
        threshold (float): See :func:`write_report`.
        **options: Further arguments of :func:`write_report`.

    Returns:
        Path: The report.

    Raises:
        ValueError: See :func:`write_report`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / 'report.html'
    write_report(report, systems, columns, threshold, **options)
    curves = (
        _errors_by_system(systems, columns)
        if len(systems) > 1
        else _errors_by_column(systems, columns)
    )
    for name in ('ced.png', 'ced.svg'):
        plot_ced(curves, threshold, folder / name)
    _write_sheet(folder / 'worst.jpg', next(iter(systems.values())), options)
    return report


def _write_sheet(path: Path, scores: Scores, options: dict) -> None:
    load_image = options.get('load_image')
    if load_image is None or not _has_points(scores):
        return
    sheet = worst_sheet(scores, load_image, options.get('worst', 24))
    if sheet is not None:
        write_whole(path, _jpeg(sheet))


def _has_points(scores: Scores) -> bool:
    return scores.truth is not None and scores.predicted is not None


def _jpeg(image: np.ndarray) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    return cv2.imencode('.jpg', image, options)[1].tobytes()


def environment_info() -> dict[str, str]:
    """Versions of the software that figures may depend on, without the name of
    the machine or of its user.

    Returns:
        dict[str, str]: From name to version, and the model of the GPU.
    """
    names = 'mmpose_face', 'mmpose', 'mmengine', 'mmcv', 'torch', 'numpy'
    info = dict(
        python=platform.python_version(), platform=f'{platform.system()} {platform.machine()}'
    )
    for name in names:
        info[name] = importlib.import_module(name).__version__
    if torch.cuda.is_available():
        info['GPU'] = torch.cuda.get_device_name()
    return info


def _check(systems: dict[str, Scores], columns: Sequence[str]) -> None:
    if not systems or not columns:
        raise ValueError(
            f'expected one or more systems and columns, got {len(systems)} and {len(columns)}'
        )
    alike = {(s.scheme.name, s.normalizer) for s in systems.values()}
    if len(alike) > 1:
        raise ValueError(
            'expected systems of the same scheme and normaliser, got '
            + ' and '.join(f'{scheme} by {normalizer}' for scheme, normalizer in sorted(alike))
        )


def _template():
    # Here, so that drawing landmarks does not load Jinja.
    import jinja2

    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters['csp_hash'] = _csp_hash
    return env.get_template(_TEMPLATE)


def _csp_hash(script: str) -> str:
    """The hash of a script for a Content-Security-Policy that allows no other
    script."""
    digest = hashlib.sha256(str(script).encode()).digest()
    return f'sha256-{base64.b64encode(digest).decode()}'


def _reading_notes(
    scores: Scores,
    columns: Sequence[str],
    threshold: float,
    protocol: Protocol,
    unit: Unit,
    bootstrap: int,
) -> list[str]:
    """Sentences on how to read the figures."""
    of = 'in per cent' if unit == 'percent' else 'as ratios'
    norm = described_normalizer(scores.scheme, scores.normalizer)
    facts = [
        f'{scores.scheme.num_points} landmarks ({scores.scheme.name}). Errors '
        f'{of} of {_NORMALIZERS.get(norm, norm)}.',
        f'{_PROTOCOLS[protocol]}. FR (failure rate) and AUC are at an error '
        f'of {100 * threshold:g} %. Main subset: {columns[0]}.',
    ]
    if bootstrap:
        facts.append(f'Intervals hold 95 % of {bootstrap} bootstrap samples of the faces.')
    return facts


def _main_figures(table: Table) -> list[dict[str, str]]:
    """The main figures of a system: name, text and interval."""
    cells = figures_table({'': table})
    _, _, *heads = cells.columns
    _, n, *row = cells.rows[0]
    return [dict(name='faces', text=n.text, more='')] + [
        dict(name=head, text=cell.text, more=cell.more) for head, cell in zip(heads, row)
    ]


def _warnings(systems: dict[str, Scores]) -> list[str]:
    """Sentences on failed faces and on faces without a score."""
    failed = {n: int(np.isinf(s.errors).sum()) for n, s in systems.items()}
    left_out = {n: int(np.isnan(s.errors).sum()) for n, s in systems.items()}
    warnings = []
    if any(failed.values()):
        warnings.append(
            f'Faces that failed: {_counts(failed)}. NME is infinite in every '
            'subset that holds one; FR, AUC and the error curves count them.'
        )
    if any(left_out.values()):
        warnings.append(f'Faces left out of all figures: {_counts(left_out)}.')
    return warnings


def _counts(number_of: dict[str, int]) -> str:
    """The counts above 0 with their systems; the bare count of a single system."""
    if len(number_of) == 1:
        return str(*number_of.values())
    return ', '.join(f'{n} of {name}' for name, n in number_of.items() if n)


def _errors_by_system(systems: dict[str, Scores], columns: Sequence[str]) -> dict[str, np.ndarray]:
    """The errors of each system on the main column."""
    return {name: scores.errors[scores.members(columns[0])] for name, scores in systems.items()}


def _errors_by_column(systems: dict[str, Scores], columns: Sequence[str]) -> dict[str, np.ndarray]:
    """The errors of the first system on each column."""
    return subset_curves(next(iter(systems.values())), columns)


def _plots(
    systems: dict[str, Scores], columns: Sequence[str], threshold: float
) -> list[dict[str, str]]:
    """The captions and images of the error curves."""
    plots = []
    if len(systems) > 1:
        plots.append((f'All systems on {columns[0]}', _errors_by_system(systems, columns)))
    if len(systems) == 1 or len(columns) > 1:
        plots.append((f'{next(iter(systems))} on each subset', _errors_by_column(systems, columns)))
    return [
        dict(caption=caption, image=_data_uri('svg+xml', ced_svg(curves, threshold).encode()))
        for caption, curves in plots
    ]


def _data_uri(kind: str, data: bytes) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'


def _schematics(systems: dict[str, Scores]) -> list[dict[str, str]]:
    """The schematic face of each system, all with the same colour scale; none
    if the places of the points are unknown."""
    shape = None
    if not can_be_drawn(next(iter(systems.values())).scheme):
        truths = [(s.truth, s.point_errors) for s in systems.values() if s.truth is not None]
        if not truths:
            return []
        truth, errors_of_points = truths[0]
        labelled = ~np.isnan(errors_of_points)[..., None]
        shape = mean_shape(np.where(labelled, truth, np.nan))
    errors = {
        name: per_landmark(without_failed(scores).point_errors) for name, scores in systems.items()
    }
    highest = scale_end(np.array(list(errors.values())))
    return [
        dict(caption=name, svg=draw_schematic(of_points, systems[name].scheme, highest, shape))
        for name, of_points in errors.items()
    ]


def _landmark_tables(systems: dict[str, Scores], unit: Unit) -> dict[str, SortableTable]:
    finite = {name: without_failed(s) for name, s in systems.items()}
    return dict(groups=groups_table(finite, unit), landmarks=landmarks_table(finite, unit))


def _sheets(
    systems: dict[str, Scores], number: int, names: dict[str, str], load_image: LoadImage | None
) -> list[dict]:
    """The worst faces of each system whose scores have points."""
    if load_image is None:
        return []
    return [
        dict(
            system=name,
            faces=[_worst_face(scores, i, names, load_image) for i in worst_faces(scores, number)],
        )
        for name, scores in systems.items()
        if _has_points(scores)
    ]


def _worst_face(
    scores: Scores, index: int, names: dict[str, str], load_image: Callable[[str], np.ndarray]
) -> dict[str, str | int]:
    picture = draw_worst(scores, index, load_image, _SIDE)
    return dict(
        image=_data_uri('jpeg', _jpeg(picture)),
        side=_SIDE,
        error=error_text(scores.errors[index]),
        file=names[scores.files[index]],
        id=scores.ids[index],
        subsets=', '.join(scores.subsets[index]),
    )


def _unscored_faces(systems: dict[str, Scores], names: dict[str, str]) -> list[dict]:
    """The faces of each system that failed or are left out."""
    return [
        dict(
            system=system,
            faces=len(scores),
            failed=_face_names(scores, np.isinf(scores.errors), names),
            left_out=_face_names(scores, np.isnan(scores.errors), names),
        )
        for system, scores in systems.items()
    ]


def _face_names(scores: Scores, which: np.ndarray, names: dict[str, str]) -> list[str]:
    return [f'{names[scores.files[i]]} (id {scores.ids[i]})' for i in np.flatnonzero(which)]
