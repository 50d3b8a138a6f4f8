"""``huoren bench train``."""
