"""Lets the tests of this folder import `repository_pages`, and the modules of `docs/`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "docs")]
