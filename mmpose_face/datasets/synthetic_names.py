# SPDX-License-Identifier: Apache-2.0
"""Names shared by synthetic faces as a data set and as files."""

# The subset that every face belongs to, as WFLW's table calls it.
ALL = 'test'


def face_file_name(index: int) -> str:
    """Name of the image of a face."""
    return f'{index:06}.png'
