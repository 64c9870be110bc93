"""What is required comes before what requires it."""

from engine.dmn.model.ordering import walk_required_first

DIAMOND = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}


def test_each_node_comes_once_after_all_that_it_requires() -> None:
    found = list(walk_required_first(DIAMOND, DIAMOND.__getitem__))
    assert sorted(found) == ["a", "b", "c", "d"]
    assert all(found.index(below) < found.index(node) for node, nodes in DIAMOND.items() for below in nodes)


def test_nodes_in_a_circle_come_once() -> None:
    circle = {"a": ["b"], "b": ["a"]}
    assert sorted(walk_required_first(circle, circle.__getitem__)) == ["a", "b"]


def test_nodes_that_are_finished_meanwhile_are_skipped() -> None:
    finished = {"b"}
    found = []
    for node in walk_required_first(["a"], DIAMOND.__getitem__, finished):
        found.append(node)
        finished.add("c")
    assert found == ["d", "a"]


def test_long_chains_need_no_recursion() -> None:
    found = list(walk_required_first([0], lambda node: [node + 1] if node < 50_000 else []))
    assert found == list(range(50_000, -1, -1))
