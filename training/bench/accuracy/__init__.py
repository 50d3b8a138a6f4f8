"""``huoren bench accuracy``: how well each source, and their blend, finds what people did next."""
