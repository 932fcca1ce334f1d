# SPDX-License-Identifier: Apache-2.0
"""The loaders of all benchmarks. The file of a benchmark names its class,
``dataset_class``, and its files, ``train_file`` and ``test_file``."""

from mmengine.dataset import DefaultSampler

from mmpose_face.datasets import face_collate

# MMPose's inferencer reads both. Of the second, it asks what kind of objects
# the data set has, to choose a detector.
data_mode = 'topdown'
dataset_type = 'WFLWDataset'

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type=face_collate),
    sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(
        type='${dataset_class}',
        data_root='${data_root}',
        data_mode='${data_mode}',
        ann_file='${train_file}',
        data_prefix=dict(img='images/'),
        pipeline='${train_pipeline}',
    ),
)
# FaceRunner makes batches of these as of those of the training. Nothing is
# said here: MMPose's inferencer takes a name alone, MMEngine's runner none.
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    pin_memory=True,
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False, round_up=False),
    dataset=dict(
        type='${dataset_class}',
        data_root='${data_root}',
        data_mode='${data_mode}',
        ann_file='${test_file}',
        data_prefix=dict(img='images/'),
        test_mode=True,
        pipeline='${val_pipeline}',
    ),
)
test_dataloader = dict(val_dataloader, dataset=dict(val_dataloader['dataset']))
