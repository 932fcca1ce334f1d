# SPDX-License-Identifier: Apache-2.0
"""Loaders without data sets: what all benchmarks share."""
from mmengine.dataset import DefaultSampler

from mmpose_face.datasets import face_collate

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type=face_collate),
    sampler=dict(type=DefaultSampler, shuffle=True))
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type=face_collate),
    drop_last=False,
    sampler=dict(type=DefaultSampler, shuffle=False, round_up=False))
