# SPDX-License-Identifier: Apache-2.0
"""What users call; imported on demand, not with the package."""
