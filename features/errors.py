"""Every error this distribution raises on purpose.

::

    HuorenError                 says what was expected, what came, what to do next
    ├── InputError              what the caller gave cannot be used
    │   ├── MappingError        mapping.yaml does not fit the file or itself
    │   ├── FileRefused         a whole file is unreadable or mostly bad
    │   └── UnknownName         a name nobody declared; carries the nearest ones
    ├── DeclarationError        a counter or tag is declared wrongly (raised at import)
    ├── MissingStep             an earlier command has not been run in this home
    ├── StoreError              the online store cannot be used as it is
    ├── BundleError             a bundle is refused
    │   ├── BundleIncomplete    a file of the manifest is missing
    │   ├── BundleCorrupt       a file's checksum differs
    │   └── BundleMismatch      written for another schema or feature declaration
    ├── TrackingError           the tracking server cannot be used
    ├── DeliveryError           a receiver did not take what was sent
    ├── LeakageError            training rows know what was not known at their time
    └── GateRefused             a promotion gate does not hold

HTTP status codes exist only in ``serving.errors``, exit codes only in ``features.cli``.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class HuorenError(Exception):
    """Base of all; the message is three short parts.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence without a full stop.
    expected, got, next_step : str
        What should have come, what came, and what to do about it. Empty parts are left out.

    Examples
    --------
    >>> print(HuorenError("k is too large", expected="k <= 500", got="k = 9000", next_step="page"))
    k is too large (expected k <= 500; got k = 9000); next: page
    """

    def __init__(
        self, problem: str, *, expected: str = "", got: str = "", next_step: str = ""
    ) -> None:
        self.problem = problem
        self.expected = expected
        self.got = got
        self.next_step = next_step
        compared = "; ".join(
            f"{word} {part}" for word, part in (("expected", expected), ("got", got)) if part
        )
        message = problem + (f" ({compared})" if compared else "")
        super().__init__(message + (f"; next: {next_step}" if next_step else ""))


class InputError(HuorenError):
    """What the caller gave cannot be used."""


class MappingError(InputError):
    """``mapping.yaml`` does not fit the file or itself."""


class FileRefused(InputError):
    """A whole file is unreadable or mostly bad."""


class UnknownName(InputError):
    """A name nobody declared.

    Examples
    --------
    >>> print(UnknownName.among("counter", "user.order", ["user.orders", "item.views"]))
    unknown counter 'user.order'; next: use one of: user.orders
    """

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> "UnknownName":
        """Build the error for ``name`` with the nearest of the ``known`` names."""
        names = sorted(known)
        nearest = get_close_matches(name, names, n=3) or names[:8]
        return cls(f"unknown {kind} {name!r}", next_step=f"use one of: {', '.join(nearest)}")


class DeclarationError(HuorenError):
    """A counter or tag is declared wrongly."""


class MissingStep(HuorenError):
    """An earlier command has not been run in this home."""


class StoreError(HuorenError):
    """The online store cannot be used as it is."""


class BundleError(HuorenError):
    """A bundle is refused."""


class BundleIncomplete(BundleError):
    """A file that the manifest names is missing."""


class BundleCorrupt(BundleError):
    """A file's checksum differs from the manifest's."""


class BundleMismatch(BundleError):
    """The bundle was written for another schema version or feature declaration."""


class TrackingError(HuorenError):
    """The tracking server cannot be used."""


class DeliveryError(HuorenError):
    """A receiver did not take what was sent."""


class LeakageError(HuorenError):
    """Training rows know what was not known at their time."""


class GateRefused(HuorenError):
    """A promotion gate does not hold."""
