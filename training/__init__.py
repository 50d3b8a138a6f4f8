"""How we learn: examples, metrics, runs, tracking, promotion.

The names of the tutorial (``docs/training.ipynb``) are loaded when they are first asked for, so
that the command line starts at once.

Examples
--------
>>> from training import TrainConfig
>>> TrainConfig(seed=3).seed
3
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.config import read as read_config
    from training.gates import Gates
    from training.job import run as train_and_log
    from training.run import STEPS, Steps, Trained, train
    from training.tracking import Tracking

__all__ = [
    "STEPS",
    "Gates",
    "Steps",
    "Tracking",
    "TrainConfig",
    "Trained",
    "read_config",
    "train",
    "train_and_log",
]

_WHERE = {
    "STEPS": ("run", "STEPS"),
    "Gates": ("gates", "Gates"),
    "Steps": ("run", "Steps"),
    "Tracking": ("tracking", "Tracking"),
    "TrainConfig": ("config", "TrainConfig"),
    "Trained": ("run", "Trained"),
    "read_config": ("config", "read"),
    "train": ("run", "train"),
    "train_and_log": ("job", "run"),
}


def __getattr__(name: str) -> Any:
    """Load a name of ``__all__``."""
    if name not in _WHERE:
        raise AttributeError(f"module 'training' has no attribute {name!r}")
    module, inner = _WHERE[name]
    return getattr(import_module(f"training.{module}"), inner)
