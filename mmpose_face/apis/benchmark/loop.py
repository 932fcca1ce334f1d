# SPDX-License-Identifier: Apache-2.0
"""A training that waits for its iterations to be asked for."""

from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import LOOPS
from torch import nn


@LOOPS.register_module()
class WaitingLoop(EpochBasedTrainLoop):
    """Does what comes before the first iteration of a training. After
    ``runner.train()``, ``runner.train_loop.run_iter`` does one, with all
    hooks."""

    def run(self) -> nn.Module:
        """Get ready; gives the model."""
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        return self.runner.model
