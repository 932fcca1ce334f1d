# SPDX-License-Identifier: Apache-2.0
"""MMEngine's runner, with checkpoints checked."""
from typing import Any, Callable, Dict, Union

from mmengine.registry import RUNNERS
from mmengine.runner import Runner


@RUNNERS.register_module()
class FaceRunner(Runner):
    """A runner that tests and resumes only what the checkpoint holds.

    MMEngine loads with ``strict=False``: a checkpoint of another
    architecture is tested with random weights and a long warning. Here
    testing and resuming are strict; fine-tuning (``load_from`` in training)
    is not, so that a head of another size can be trained anew.
    """

    _strict = False

    def test(self) -> Dict[str, float]:
        self._strict = True
        return super().test()

    def resume(self, *args, **kwargs) -> None:
        self._strict = True
        super().resume(*args, **kwargs)
        self._strict = False

    def load_checkpoint(self,
                        filename: str,
                        map_location: Union[str, Callable] = 'cpu',
                        strict: bool = False,
                        revise_keys: list = [(r'^module.', '')]) -> Any:
        """As in MMEngine, but strict where the class says so.

        Raises:
            ValueError: If the checkpoint does not fit the model.
        """
        try:
            checkpoint = super().load_checkpoint(filename, map_location, strict
                                                 or self._strict, revise_keys)
        except RuntimeError as error:
            raise ValueError(
                f'{filename} does not fit the model of this config; expected '
                'a checkpoint of the same architecture and number of points. '
                f'{error}') from error
        if isinstance(checkpoint.get('meta'), dict):
            # Runner.resume would execute this text as a Python config.
            checkpoint['meta'].pop('config', None)
        return checkpoint
