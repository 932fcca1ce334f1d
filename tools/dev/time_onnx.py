# SPDX-License-Identifier: Apache-2.0
"""Time what is around an exported network: from an image and a box to
landmarks (the crop, its normalisation, the decoding, the way back to the
image) beside onnxruntime's bare run of the network on a tensor that is ready.

    OMP_NUM_THREADS=1 python tools/dev/time_onnx.py

One face at a time and one thread. The two take turns, so that both meet what
else the machine does. Weights of a zoo model that has none are drawn; they do
not change how long a network takes.
"""

import argparse
import os
import time
from statistics import median
from tempfile import TemporaryDirectory
from typing import Callable

import cv2
import torch

import mmpose_face  # noqa: F401  before MMPose is imported
from mmpose_face import OnnxLandmarker
from mmpose_face.images.boxes import landmark_bounds
from mmpose_face.inference.landmarker import TorchNetwork
from mmpose_face.inference.onnx.export import metadata_for
from mmpose_face.inference.onnx.graph import add_texts, write_graph
from mmpose_face.inference.onnx.parity import synthetic_crops
from mmpose_face.inference.onnx.runtime import open_session
from mmpose_face.models.exported import ExportedModel
from mmpose_face.synthesis import render_face
from mmpose_face.zoo import get_model

SIZE = 1024  # of the image, pixels


def whole(model: torch.nn.Module, path: str) -> Callable[[], object]:
    """From an image and a box to landmarks."""
    network = TorchNetwork(model)
    graph = ExportedModel(model).eval()
    crops = torch.from_numpy(synthetic_crops(network)[:1])
    write_graph(graph, crops, path, ('points', 'scores'))
    add_texts(path, metadata_for(graph, network).to_props())
    landmarker = OnnxLandmarker(path, threads=1)
    face = render_face(0, 0, SIZE, ())
    boxes = [landmark_bounds(face.keypoints)]
    return lambda: landmarker(face.image, boxes, channels='bgr')


def bare(model: torch.nn.Module, path: str) -> Callable[[], object]:
    """The network alone, on what it takes."""
    graph = ExportedModel(model).eval()
    crops = torch.from_numpy(synthetic_crops(TorchNetwork(model))[:1])
    images = graph.normalized(crops)
    write_graph(graph.network, images, path, ('heatmaps',))
    session, given = open_session(path, threads=1), dict(crops=images.numpy())
    return lambda: session.run(None, given)


def milliseconds(call: Callable[[], object]) -> float:
    """Of all threads together; what others do on the machine meanwhile is
    not counted."""
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='time what is around an exported network')
    parser.add_argument('models', nargs='*', default=['wflw-hrnetv2-w18-dark'])
    parser.add_argument('--rounds', type=int, default=100)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    print(
        '| model | bare, ms | whole, ms | around, ms | around, % |\n| --- | --- | --- | --- | --- |'
    )
    for name in args.models:
        torch.manual_seed(0)
        model = get_model(name, pretrained=False)
        with TemporaryDirectory() as folder:
            calls = [
                make(model, os.path.join(folder, f'{make.__name__}.onnx')) for make in (bare, whole)
            ]
        times: list[list[float]] = [[], []]
        for i in range(args.rounds + 5):
            for each, call in zip(times, calls):
                spent = milliseconds(call)
                if i >= 5:  # the first ones fetch memory
                    each.append(spent)
        alone, all_of_it = map(median, times)
        print(
            f'| {name} | {alone:.1f} | {all_of_it:.1f} | '
            f'{all_of_it - alone:.2f} | {100 * (all_of_it / alone - 1):.1f} '
            '|',
            flush=True,
        )


if __name__ == '__main__':
    main()
