# SPDX-License-Identifier: Apache-2.0
"""Time the converters on made-up releases of 10,000 faces on a few images,
so that reading image headers has no part in it.

    OMP_NUM_THREADS=1 python tools/dev/time_converters.py
"""

import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

from mmengine.logging import MMLogger

from mmpose_face.datasets import converters

TESTS = Path(__file__).resolve().parents[2] / 'tests'
FACES = 10000


def releases() -> dict[str, Callable]:
    """From the name of a converter to what writes its raw release."""
    sys.path[:0] = [str(TESTS), str(TESTS / 'datasets/converters')]
    import coco_files
    import matlab_files
    import wflw_files

    def wflw(root: Path) -> None:
        lines = [wflw_files.line(f'0--Parade/{i % 20}.jpg', i) for i in range(FACES)]
        wflw_files.make_release(root, train=lines[:20])
        path = root / wflw_files.LISTS / 'list_98pt_rect_attr_train.txt'
        path.write_text('\n'.join(lines))

    def aflw(root: Path) -> None:
        rows = matlab_files.aflw_rows(FACES)
        rows['nameList'] = [f'0/{i % 20}.jpg' for i in range(FACES)]
        matlab_files.write_aflw(root, rows)

    def coco(root: Path) -> None:
        persons = [coco_files.person(i) for i in range(FACES)]
        coco_files.make_release(root, val=persons)

    return dict(wflw=wflw, aflw=aflw, coco_wholebody_face=coco)


def main() -> None:
    MMLogger.get_instance('quiet', log_level=logging.ERROR)
    for name, write in releases().items():
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder, 'raw'))
            convert = getattr(converters, f'convert_{name}')
            start = time.perf_counter()
            convert(Path(folder, 'raw'), Path(folder, 'out'), partial=True)
            seconds = time.perf_counter() - start
        print(f'{name}: {FACES} faces in {seconds:.1f} s')


if __name__ == '__main__':
    main()
