"""Which elements are work for people: the one list of them."""

HUMAN = frozenset({"task", "userTask", "manualTask"})
