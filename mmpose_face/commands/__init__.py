# SPDX-License-Identifier: Apache-2.0
"""What the scripts in ``tools/`` do."""
