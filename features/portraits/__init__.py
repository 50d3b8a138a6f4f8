"""Portraits: named tags of a person, computed from counters, profile and references.

A tag is written once (``features.portraits.life`` and its neighbours) and used twice: for one
person when asked (``portrait``) and for everybody in the feature job (``build``).
"""

from features.portraits.catalogue import TAGS
from features.portraits.person import Portrait, TagValue, portrait
from features.portraits.table import Coverage, build, coverage, for_use
from features.portraits.tag import Kind, Tag, Use

__all__ = [
    "TAGS",
    "Coverage",
    "Kind",
    "Portrait",
    "Tag",
    "TagValue",
    "Use",
    "build",
    "coverage",
    "for_use",
    "portrait",
]
