"""The built-in functions of FEEL (DMN 1.5 §10.3.4), registered when their modules are imported."""

from engine.dmn.feel.functions import contexts, jalali, lists, moments, numbers, ranges, statistics, texts
from engine.dmn.feel.functions.registry import BUILT_IN

__all__ = ["BUILT_IN", "contexts", "jalali", "lists", "moments", "numbers", "ranges", "statistics", "texts"]
