"""How much each act weighs, where several counters agree on it."""

from collections.abc import Mapping
from types import MappingProxyType

from features import events as e

INTEREST: Mapping[str, float] = MappingProxyType({
    e.VIEWED: 1.0,
    e.OPENED: 2.0,
    e.WISHED: 3.0,
    e.ADDED: 4.0,
    e.SHARED: 4.0,
    e.GROUP_STARTED: 4.0,
    e.REVIEWED: 5.0,
    e.ORDERED: 8.0,
    e.REFUNDED: -8.0,
})
"""How much an act says about a taste."""

ACTIVE: Mapping[str, float] = MappingProxyType({
    kind.name: 1.0 for kind in e.KINDS.values() if kind.active and kind.family != "privacy"
})
"""Whatever a person does."""

VIEW: Mapping[str, float] = MappingProxyType({e.VIEWED: 1.0})
ORDER: Mapping[str, float] = MappingProxyType({e.ORDERED: 1.0})
SHARE: Mapping[str, float] = MappingProxyType({e.SHARED: 1.0})
OPEN: Mapping[str, float] = MappingProxyType({e.OPENED: 1.0})
TOGETHER: Mapping[str, float] = MappingProxyType({e.OPENED: 1.0, e.GROUP_JOINED: 2.0})
