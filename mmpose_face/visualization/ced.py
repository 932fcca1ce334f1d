# SPDX-License-Identifier: Apache-2.0
"""The cumulative error curve, as papers show it."""
import os
from pathlib import Path
from typing import Dict, Union

import numpy as np
from numpy.typing import ArrayLike

from ..evaluation.functional import auc, ced, failure_rate, nme
from ..files import written_whole


def plot_ced(errors_by_name: Dict[str, ArrayLike], threshold: float,
             path: Union[str, 'os.PathLike[str]']) -> None:
    """Draw the cumulative error distribution of one or more systems.

    The curve is the exact step function; the legend gives each system's NME,
    AUC and failure rate in per cent.

    Args:
        errors_by_name (dict[str, ArrayLike]): From a system's name to its
            face errors ``(N, )``, ratios.
        threshold (float): Threshold of AUC and failure rate, a ratio; the
            right end of the plot.
        path (str | PathLike): ``.png`` or ``.svg`` to write.

    Raises:
        ValueError: If the suffix is another.
    """
    path = Path(path)
    if path.suffix not in ('.png', '.svg'):
        raise ValueError(f'expected a .png or .svg file, got {path}')
    # Here, so that landmarks are drawn without loading it.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), dpi=150, layout='constrained')
    axes = figure.add_subplot()
    for name, errors in errors_by_name.items():
        axes.plot(
            *_steps(errors, threshold),
            drawstyle='steps-post',
            label=_label(name, errors, threshold))
    _dress(axes, threshold)
    figure.legend(
        loc='outside lower center',
        frameon=False,
        title=f'in per cent; AUC and FR at {100 * threshold:g} %')
    with written_whole(path) as partial:
        figure.savefig(partial, format=path.suffix[1:])


def _steps(errors: ArrayLike, threshold: float):
    """Where the curve steps and how high, in per cent, from 0 to the
    threshold."""
    errors = np.asarray(errors, np.float64)
    xs = np.unique(np.concatenate([[0, threshold], errors]))
    xs = xs[xs <= threshold]
    return 100 * xs, 100 * ced(errors, xs)


def _label(name: str, errors: ArrayLike, threshold: float) -> str:
    return (f'{name}: NME {100 * nme(errors):.2f}, '
            f'AUC {100 * auc(errors, threshold):.2f}, '
            f'FR {100 * failure_rate(errors, threshold):.2f}')


def _dress(axes, threshold: float) -> None:
    """Axes and grid."""
    axes.set_xlabel('normalised mean error of a face (%)')
    axes.set_ylabel('faces with that error or less (%)')
    axes.set_xlim(0, 100 * threshold)
    axes.set_ylim(0, 101)
    axes.grid(color='0.9')
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
