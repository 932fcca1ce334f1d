# SPDX-License-Identifier: Apache-2.0
"""The work of the scripts in ``tools/``: scoring, comparing, verifying, drawing."""
