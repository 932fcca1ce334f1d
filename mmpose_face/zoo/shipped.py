# SPDX-License-Identifier: Apache-2.0
"""Models whose weights come with the package.

They are trained on synthetic faces alone, so anybody may use and share them.
``tools/dev/pack_weights.py`` says how to make the files.
"""

from dataclasses import dataclass
from pathlib import Path

from .metafiles import alias_of, project_root

_WEIGHTS = Path(__file__).parent / 'weights'


@dataclass(frozen=True)
class Shipped:
    """A model that needs no download.

    Args:
        name (str): Name of the config, without ``.py``.
        weights (Path): Its weights, in half precision.
    """

    name: str
    weights: Path

    @property
    def alias(self) -> str:
        """The short name, ``{data}-{model}[-{variant}]``."""
        return alias_of(self.name)

    @property
    def config(self) -> Path:
        """The config file.

        Raises:
            FileNotFoundError: If it is missing.
        """
        root = project_root() / 'configs'
        for path in root.rglob(f'{self.name}.py'):
            return path
        raise FileNotFoundError(f'{self.name}.py not found below {root}')


def shipped_models() -> tuple[Shipped, ...]:
    """All models whose weights come with the package, by name."""
    return tuple(Shipped(path.stem, path) for path in sorted(_WEIGHTS.glob('*.pth')))
