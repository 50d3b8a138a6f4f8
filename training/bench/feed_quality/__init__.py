"""``huoren bench feed-quality``: the whole feed beside what one would otherwise show."""
