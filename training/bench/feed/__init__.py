"""``huoren bench feed``: one feed request beside what one would otherwise write."""
