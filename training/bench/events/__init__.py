"""``huoren bench events``: how fast events are taken, and how soon every worker knows them."""
