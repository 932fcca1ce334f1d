# SPDX-License-Identifier: Apache-2.0
"""Switches of our configs that are timed beside their defaults."""
from typing import Dict

# From a name to changes of the config, as Config.merge_from_dict takes them.
VARIANTS: Dict[str, dict] = {}
