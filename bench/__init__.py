"""The benchmark: the cost of W1, compared with a hand-written skeleton and the goals. Nothing imports it."""
