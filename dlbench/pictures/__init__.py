"""What a trained model looks like, as small arrays in [0, 1] that its run file keeps; file name == function name.

`def activations(model, data, *, ...) -> dict[str, Tensor]`: a recipe asks for it by `pictures: {name: activations}`.
"""
