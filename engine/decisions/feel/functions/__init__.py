"""The built-in functions of FEEL (DMN 1.5 §10.3.4), each registered with its ways of being called."""

from engine.decisions.feel.functions import (  # noqa: F401 - importing registers
    contexts,
    lists,
    moments,
    numbers,
    ranges,
    statistics,
    texts,
)
from engine.decisions.feel.functions.registry import BUILT_IN

__all__ = ["BUILT_IN"]
