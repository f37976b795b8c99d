"""Claims stated, and values by seed, for tests of what is said of them."""

from dlbench.judge.evidence import Side
from dlbench.spec import claim

ERROR = "test_error_percent"
TIMES = 2000  # that a simulation draws


def stated(relation="greater", **more):
    raw = {"says": "a is so", "metric": ERROR, "of": "perceptron", "relation": relation, "than": "perceptron-or"}
    return claim.parse(raw | more, ["perceptron", "perceptron-or"], "")


def side(values, *at_least):
    return Side(dict(enumerate(map(float, values))), frozenset(at_least))
