"""Money at the edge: yuan outside, whole fen inside."""

from decimal import Decimal

from features.errors import InputError


def fen(yuan: float | str) -> int:
    """Whole fen of an amount in yuan.

    Raises
    ------
    InputError
        When there are fractions of a fen.

    Examples
    --------
    >>> fen(19.99), fen("100"), fen(0.1)
    (1999, 10000, 10)
    >>> fen(0.001)
    Traceback (most recent call last):
    features.errors.InputError: a fraction of a fen (expected at most two decimals; got 0.001)
    """
    exact = Decimal(str(yuan)) * 100
    if exact != exact.to_integral_value():
        raise InputError("a fraction of a fen", expected="at most two decimals", got=str(yuan))
    return int(exact)


def yuan(fen: int) -> str:
    """Decimal yuan of an amount in fen.

    Examples
    --------
    >>> yuan(1999), yuan(-5)
    ('19.99', '-0.05')
    """
    return f"{Decimal(fen) / 100:.2f}"
