"""The benchmark: what W1 costs, beside a hand-written skeleton and the goals. Nothing imports it."""
