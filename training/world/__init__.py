"""A simulated world of social commerce whose truth is known.

One mechanism is one file with a frozen config, a class and its truth; ``mechanism.py`` is the seam
by which more are added. :func:`simulate` writes canonical tables, and the truth apart from them.
"""

from training.world.presets import PRESETS, World
from training.world.run import Summary, simulate
from training.world.truth import Truth

__all__ = ["PRESETS", "Summary", "Truth", "World", "simulate"]
