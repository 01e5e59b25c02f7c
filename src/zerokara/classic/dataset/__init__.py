"""``dataset`` of the book "Deep Learning from Scratch"."""
