"""How deep a net is as papers count it, and of how many neurons."""

from __future__ import annotations

from torch import fx, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating
from dlbench.scores.listening import listen_to

LEARNT = (nn.Conv2d, nn.Linear)


def architecture(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Count layers with weights and their outputs; what the net has learnt does not matter.

    Returns learnt_layers, convolutions and matrices on the longest way from input to output, so that a layer on a
    shortcut beside others adds nothing; hidden_layers, all of them but the last; and neurons, the numbers that all
    these layers, those on shortcuts left out, give for one example.
    """
    way = _longest_way(model)
    with listen_to(model, way) as heard, evaluating(model):
        model(data.prepare(examples.inputs[:1]))
    neurons = sum(output.numel() for outputs in heard.values() for output in outputs)
    return {"learnt_layers": float(len(way)), "hidden_layers": len(way) - 1.0, "neurons": float(neurons)}


def _longest_way(model: nn.Module) -> list[str]:
    """The names of the layers with weights on the longest way through the net."""
    modules, ways = dict(model.named_modules()), dict[fx.Node, list[str]]()
    for node in fx.symbolic_trace(model).graph.nodes:
        longest = max((ways[other] for other in node.all_input_nodes), key=len, default=[])
        own = [str(node.target)] if node.op == "call_module" and isinstance(modules[node.target], LEARNT) else []
        ways[node] = longest + own
    return ways[node]
