"""The log for operators: lines of JSON on standard output, with ids and without personal data."""

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

# They log arguments and error messages, which may contain data. We log what matters ourselves.
for chatty in ("procrastinate", "psycopg.pool"):
    logging.getLogger(chatty).setLevel(logging.CRITICAL)


def cause(error: BaseException) -> str:
    """Return the class of the root error: the driver's, not those of the layers above it."""
    while (behind := getattr(error, "orig", None) or error.__cause__) is not None:
        error = behind
    return type(error).__name__


def place(error: BaseException) -> str:
    """Return where an error arose. Its message may contain case data: only its type and place are logged."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
