"""What replaces a value that the log doesn't have: it was erased, or an earlier release did not write it."""


class Unknown:
    """The type of `UNKNOWN`."""


UNKNOWN = Unknown()
