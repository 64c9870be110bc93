"""Cases of the past, written straight into the tables as the engine would have left them.

For demonstrations, and for measuring reports; nothing of the product imports it. A `Service` is what a case
goes through, an `Office` where and when people work, a `Story` one case, and `write` stores many.
"""
