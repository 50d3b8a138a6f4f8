"""``huoren bench ties``: how well ties, communities and fakes are found."""
