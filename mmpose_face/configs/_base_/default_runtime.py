# SPDX-License-Identifier: Apache-2.0
"""What every row shares: MMPose's default runtime, as classes."""

from mmengine.hooks import (
    DistSamplerSeedHook,
    IterTimerHook,
    LoggerHook,
    ParamSchedulerHook,
    SyncBuffersHook,
)
from mmengine.runner import LogProcessor
from mmengine.visualization import LocalVisBackend
from mmpose.engine.hooks import BadCaseAnalysisHook, PoseVisualizationHook
from mmpose.visualization import PoseLocalVisualizer

from mmpose_face.engine import FaceRuntimeInfoHook, SafeCheckpointHook

# MMEngine imports what is named here in configs without read_base() alone.
custom_imports = dict(imports=['mmpose_face'], allow_failed_imports=False)
__import__('mmpose_face')
default_scope = 'mmpose'

# MMPose's own classes in place of ours by --cfg-options fast=False
fast = True

default_hooks = dict(
    runtime_info=dict(type=FaceRuntimeInfoHook),
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=50),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=SafeCheckpointHook, interval=1, save_best='NME', rule='less'),
    sampler_seed=dict(type=DistSamplerSeedHook),
    visualization=dict(type=PoseVisualizationHook, enable=False),
    badcase=dict(
        type=BadCaseAnalysisHook, enable=False, out_dir='badcase', metric_type='loss', badcase_thr=5
    ),
)

# The running statistics of batch normalisation are made the same on all
# processes at the end of each epoch.
custom_hooks = [dict(type=SyncBuffersHook)]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type=LocalVisBackend)]
visualizer = dict(type=PoseLocalVisualizer, vis_backends='${vis_backends}', name='visualizer')

log_processor = dict(type=LogProcessor, window_size=50, by_epoch=True, num_digits=6)
log_level = 'INFO'
load_from = None
resume = False
backend_args = dict(backend='local')

val_cfg = dict()
test_cfg = dict()
