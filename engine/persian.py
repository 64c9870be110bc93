"""Persian text, as it is compared."""


def normalise(text: str) -> str:
    """The same for all spellings of a text."""
    return text.casefold()
