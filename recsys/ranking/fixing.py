"""Trees without one of their columns: its value is fixed once, and its splits are gone.

What a model may know while it learns and never while it answers, such as the place at which an item
was shown, costs no answer anything: every split on it is replaced by the side that the fixed value
takes, and what is left reads the other columns alone.
"""

import re
from collections.abc import Mapping

from features.errors import InputError

_SPLITS = (
    "split_feature", "split_gain", "threshold", "decision_type", "internal_value",
    "internal_weight", "internal_count",
)  # fmt: skip
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_HEAD = re.compile(r"(?m)^(feature_names|monotone_constraints|feature_infos)=(.*)$")


def fixed(text: str, value: float) -> str:
    """LightGBM's text model with its last column fixed.

    Parameters
    ----------
    text : str
        Of a model whose splits are all numerical.
    value : float
        Of the last column, in every row there will be.

    Returns
    -------
    str
        A model of the other columns, with the same answers to the last bit.

    Raises
    ------
    InputError
        When the model has categories.
    """
    if re.search(r"(?m)^num_cat=[1-9]", text):
        raise InputError("a column of trees is not fixed", expected="numerical splits alone")
    body, end, rest = text.partition("\nend of trees")
    head, *trees = body.split("\nTree=")
    column = int(re.findall(r"(?m)^max_feature_idx=(\d+)$", head)[0])
    head = re.sub(r"(?m)^tree_sizes=.*\n?", "", head)  # sizes in bytes, which are others now
    head = re.sub(r"(?m)^max_feature_idx=.*$", f"max_feature_idx={column - 1}", head)
    head = _HEAD.sub(lambda found: f"{found[1]}={' '.join(found[2].split(' ')[:-1])}", head)
    made = (_tree(tree, column, value) for tree in trees)
    return "\nTree=".join([head, *made]) + end + rest


def _tree(block: str, column: int, value: float) -> str:
    said = dict(re.findall(r"(?m)^(\w+)=(.*)$", block))
    if column not in map(int, said.get("split_feature", "").split()):
        return block
    splits, leaves, children = _left(said, column, value)
    for names, kept in ((_SPLITS, splits), (_LEAVES, leaves)):
        for name in names:
            values = said.get(name, "").split()
            said[name] = " ".join(values[i] for i in kept) if values else ""
    said["num_leaves"] = str(len(leaves))
    said["left_child"], said["right_child"] = (
        " ".join(str(pair[side]) for pair in children) for side in (0, 1)
    )
    return re.sub(r"(?m)^(\w+)=(.*)$", lambda found: f"{found[1]}={said[found[1]]}", block)


def _left(
    said: Mapping[str, str], column: int, value: float
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Splits and leaves that are left, in their new order, and the children of each split."""
    features = [int(word) for word in said["split_feature"].split()]
    bounds = [float(word) for word in said["threshold"].split()]
    sides = tuple([int(word) for word in said[f"{n}_child"].split()] for n in ("left", "right"))

    def beyond(node: int) -> int:
        while node >= 0 and features[node] == column:
            node = sides[0 if value <= bounds[node] else 1][node]
        return node

    splits: list[int] = []
    waiting = [beyond(0)]
    while waiting:
        node = waiting.pop()
        if node >= 0:
            splits.append(node)
            waiting += [beyond(side[node]) for side in reversed(sides)]
    ends = [[beyond(side[node]) for side in sides] for node in splits] or [[beyond(0)]]
    leaves = [~node for pair in ends for node in pair if node < 0]
    number = {node: i for i, node in enumerate(splits)}
    number |= {~leaf: ~i for i, leaf in enumerate(leaves)}
    return splits, leaves, [(number[one], number[other]) for one, other in ends] if splits else []
