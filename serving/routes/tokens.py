"""``POST /v1/tokens``: a token for one person's browser or mini-program."""

from features.clock import format_instant
from serving.asking import Asking
from serving.schemas import TokenReply, TokenRequest


def token(asking: Asking) -> TokenReply:
    """Mint a token; whoever asks vouches for the person."""
    asked: TokenRequest = asking.body
    minted, until_us = asking.resources.tokens.mint(asked.user_id, asking.at_us)
    return TokenReply(**asking.head(None), token=minted, expires_at=format_instant(until_us))
