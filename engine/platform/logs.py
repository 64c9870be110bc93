"""What operators read: lines of JSON on standard output, with ids and no data."""

import logging

import orjson
import structlog

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(orjson.dumps),
    ],
    logger_factory=structlog.BytesLoggerFactory(),
    cache_logger_on_first_use=True,
)

# They log what they were given, and errors with their messages: either may hold data. What matters, we log.
for chatty in ("procrastinate", "psycopg.pool"):
    logging.getLogger(chatty).setLevel(logging.CRITICAL)


def cause(error: BaseException) -> str:
    """The class of the error behind others: the driver's, not those of the layers above it."""
    while (behind := getattr(error, "orig", None) or error.__cause__) is not None:
        error = behind
    return type(error).__name__


def place(error: BaseException) -> str:
    """Where an error arose. Its message may hold case data: only its kind and place go into the log."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
