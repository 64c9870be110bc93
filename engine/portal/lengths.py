"""Terms and norms in words: "5 working days", "1 month and 10 days"."""

from engine.deadlines import Duration, Untimely, term
from engine.platform.language import Texts


def in_words(text: str, texts: Texts) -> str:
    """Returns a term such as P5WD, PT8WH or P30D in words; the text itself if it isn't one."""
    try:
        found = term(text)
    except Untimely:
        return text
    if found.unit != "time":
        return texts.say(f"services.length.{found.unit}", count=found.count)
    parts = [texts.say(f"services.length.{unit}", count=count) for unit, count in _parts(found.duration)]
    return texts.reader.both(parts)


def _parts(length: Duration) -> list[tuple[str, int]]:
    years, months = divmod(length.months, 12)
    minutes, seconds = divmod(round(length.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        *(("years", years), ("months", months), ("days", length.days)),
        *(("hours", hours), ("minutes", minutes), ("seconds", seconds)),
    ]
    return [(unit, count) for unit, count in parts if count]
