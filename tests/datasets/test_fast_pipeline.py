# SPDX-License-Identifier: Apache-2.0
"""The steps together, beside MMPose's, in processes as in a training."""

import copy
import json

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose, DefaultSampler
from mmengine.runner import Runner
from mmpose.datasets.datasets import WFLWDataset
from mmpose.datasets.transforms import (
    GetBBoxCenterScale,
    LoadImage,
    PackPoseInputs,
    RandomBBoxTransform,
    RandomFlip,
    TopdownAffine,
)
from photographs import photograph, write_jpeg

from mmpose_face.datasets import (
    FaceWFLW,
    LoadFaceImage,
    PackFaceInputs,
    PerturbFaceBox,
    RandomFaceBox,
    RandomFaceFlip,
    WarpFace,
)
from mmpose_face.datasets import jpeg as decoding
from mmpose_face.datasets.kept_images import LAST_IMAGE
from mmpose_face.datasets.lazy_images import pending_image
from mmpose_face.datasets.transforms import NormalBBoxTransform
from mmpose_face.engine.seeding import seed_from, seeded

BOX = dict(shift_prob=0, rotate_factor=60, scale_factor=(0.75, 1.25))
SIZE = (64, 64)
FACES = (2, 1, 4, 1)  # in each image


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Four images with eight faces, in WFLW's layout."""
    root, rng = tmp_path_factory.mktemp('wflw'), np.random.default_rng(0)
    images, annotations = [], []
    for i, number in enumerate(FACES):
        name = f'{i}.jpg'
        write_jpeg(root / name, photograph(300, 200, i))
        images.append(dict(id=i, file_name=name, height=200, width=300))
        for _ in range(number):
            side, center = rng.uniform(30, 90), rng.uniform((0, 0), (300, 200))
            points = center + rng.uniform(-0.5, 0.5, (98, 2)) * side
            annotations.append(
                dict(
                    id=len(annotations),
                    image_id=i,
                    category_id=1,
                    iscrowd=0,
                    num_keypoints=98,
                    keypoints=np.c_[points, np.ones(98)].ravel().tolist(),
                    center=center.tolist(),
                    scale=side / 200,
                )
            )
    (root / 'faces.json').write_text(
        json.dumps(
            dict(images=images, annotations=annotations, categories=[dict(id=1, name='face')])
        )
    )
    return root


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    LAST_IMAGE.sizes_of(None)
    yield
    LAST_IMAGE.sizes_of(None)


def data_set(kind, root, pipeline):
    return dict(
        type=kind,
        ann_file=str(root / 'faces.json'),
        data_prefix=dict(img=str(root)),
        pipeline=pipeline,
    )


def ours():
    return [
        dict(type=LoadFaceImage),
        dict(type=GetBBoxCenterScale),
        dict(type=RandomFaceFlip, direction='horizontal'),
        dict(type=RandomFaceBox, **BOX),
        dict(type=WarpFace, input_size=SIZE),
        dict(type=PackFaceInputs),
    ]


THEIRS = [
    dict(type=LoadImage),
    dict(type=GetBBoxCenterScale),
    dict(type=RandomFlip, direction='horizontal'),
    dict(type=RandomBBoxTransform, **BOX),
    dict(type=TopdownAffine, input_size=SIZE),
    dict(type=PackPoseInputs),
]


def samples(dataset, epochs=3):
    for epoch in range(epochs):
        for i in range(len(dataset)):
            seed_from(epoch, i)
            yield dataset[i]


def images_of(packed):
    return np.stack([sample['inputs'].numpy() for sample in packed])


def assert_same_truth(a, b):
    assert a.metainfo.keys() - {'subsets'} == b.metainfo.keys()
    for key in b.metainfo.keys():
        np.testing.assert_array_equal(a.metainfo[key], b.metainfo[key])
    for key in b.gt_instances.keys():
        np.testing.assert_array_equal(a.gt_instances[key], b.gt_instances[key])


def test_the_samples_of_mmpose(root):
    """The same draws, truth and metainfo; pixels at most a level apart."""
    a = FaceWFLW(**without_type(data_set(0, root, ours())))
    b = WFLWDataset(**without_type(data_set(0, root, THEIRS)))
    first, second = list(samples(a)), list(samples(b))
    for ours_, theirs in zip(first, second):
        assert_same_truth(ours_['data_samples'], theirs['data_samples'])
    apart = np.abs(images_of(first).astype(int) - images_of(second))
    assert (apart <= 1).mean() > 0.999
    flips = [s['data_samples'].flip for s in second]
    assert 5 < sum(flips) < 19


def without_type(config):
    return {key: value for key, value in config.items() if key != 'type'}


def by_id(root, workers, epoch=0):
    loader = Runner.build_dataloader(
        seeded(
            dict(
                dataset=data_set(FaceWFLW, root, ours()),
                sampler=dict(type=DefaultSampler, shuffle=True),
                batch_size=2,
                num_workers=workers,
            ),
            seed=5,
            rank=0,
        ),
        5,
    )
    loader.sampler.set_epoch(epoch)
    return {
        sample.id: image.numpy()
        for batch in loader
        for image, sample in zip(batch['inputs'], batch['data_samples'])
    }


def test_any_number_of_workers(root):
    """To the last bit."""
    for epoch in 0, 1:
        expected = by_id(root, 0, epoch)
        assert len(expected) == sum(FACES)
        for workers in 1, 2:
            found = by_id(root, workers, epoch)
            for i, image in expected.items():
                np.testing.assert_array_equal(found[i], image)


def decodings(monkeypatch):
    paths, decode = [], decoding.decode_image
    monkeypatch.setattr(
        decoding,
        'decode_image',
        lambda data, path, *args: (paths.append(path), decode(data, path, *args))[1],
    )
    return paths


def test_an_image_is_decoded_once_for_its_faces(root, monkeypatch):
    """In the order of the file, as in a test."""
    paths = decodings(monkeypatch)
    dataset = FaceWFLW(**without_type(data_set(0, root, ours())))
    for i in range(len(dataset)):
        dataset[i]
    assert len(dataset) == sum(FACES) and len(paths) == len(FACES)


def test_many_boxes_on_one_image(root, monkeypatch):
    """Each with a pipeline of its own, as MMPose's inference_topdown makes
    them."""
    paths = decodings(monkeypatch)
    steps = [
        dict(type=LoadFaceImage),
        dict(type=GetBBoxCenterScale),
        dict(type=WarpFace, input_size=SIZE),
    ]
    image = cv2.imread(str(root / '0.jpg'))
    rng = np.random.default_rng(0)
    for _ in range(20):
        low = rng.uniform((0, 0), (200, 100))
        box = np.float32([[*low, *(low + rng.uniform(20, 90))]])
        found = Compose(steps)(dict(img_path=str(root / '0.jpg'), bbox=box))['img']
        expected = Compose(steps)(dict(img=image, bbox=box))['img']
        np.testing.assert_array_equal(found, expected)
    assert len(paths) == 1


@pytest.fixture(scope='module')
def infos(root):
    """The faces before the pipeline."""
    dataset = FaceWFLW(**without_type(data_set(0, root, [])))
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_steps_that_leave_the_image_alone(infos):
    sample = LoadFaceImage()(copy.deepcopy(infos[0]))
    for step in (
        PerturbFaceBox(0.1),
        GetBBoxCenterScale(),
        RandomFaceFlip(),
        RandomFaceBox(**BOX),
        NormalBBoxTransform(),
    ):
        sample = step(sample)
        assert pending_image(sample) is not None, step


@pytest.mark.parametrize('flip', [RandomFlip, RandomFaceFlip])
@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_steps_of_mmpose_among_ours(infos, flip, direction):
    """Each of them may be MMPose's, and sees the whole image."""
    crops = []
    for load in LoadImage(), LoadFaceImage():
        for warp in TopdownAffine(SIZE), WarpFace(SIZE):
            crops.append([])
            for info in infos:
                sample = load(copy.deepcopy(info))
                for step in (flip(prob=1.0, direction=direction), GetBBoxCenterScale(), warp):
                    sample = step(sample)
                crops[-1].append(sample['img'])
    for crop in crops[1:]:
        apart = np.abs(np.array(crop, int) - np.array(crops[0]))
        assert (apart <= 1).mean() > 0.999
    np.testing.assert_array_equal(crops[2], crops[0])


@pytest.mark.parametrize('name', ['300w', 'wflw', 'cofw', 'aflw', 'coco'])
def test_real_faces_mirrored_and_turned(face_data, name):
    """Pixels at most a level apart, but for one of a thousand."""
    root = face_data / 'mmpose_samples' / name
    paths = [str(path) for path in sorted(root.glob('*.[jp][pn]g'))]
    rng, ours, theirs = np.random.default_rng(0), [], []
    for path in paths * 6:
        height, width = cv2.imread(path).shape[:2]
        side = np.float32(rng.uniform(0.2, 0.7) * min(height, width))
        face = dict(
            img_path=path,
            flip_indices=[0],
            bbox_center=np.float32([rng.uniform((0, 0), (width, height))]),
            bbox_scale=np.full((1, 2), side),
            bbox_rotation=np.float32([rng.uniform(-60, 60)]),
        )
        direction = str(rng.choice(['horizontal', 'vertical', 'diagonal']))
        for crops, steps in (
            (ours, (LoadFaceImage(), RandomFaceFlip(1.0, direction), WarpFace((256, 256)))),
            (theirs, (LoadImage(), RandomFlip(1.0, direction), TopdownAffine((256, 256)))),
        ):
            sample = dict(face)
            for step in steps:
                sample = step(sample)
            crops.append(sample['img'])
    apart = np.abs(np.array(ours, int) - np.array(theirs))
    assert np.std(theirs) > 20
    assert (apart <= 1).mean() > 0.999
