"""Lets the tests of this folder import `chat_answers`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
