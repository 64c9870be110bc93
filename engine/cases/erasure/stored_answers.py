"""Which stored answers to requests belong to a case, as conditions of `inventory`."""

_NAMED = """
    EXISTS (
        SELECT FROM unnest(CAST(:marks AS text[])) AS mark
        WHERE position(convert_to(mark, 'UTF8') IN coalesce(body, '')) > 0
            OR strpos(coalesce({fields}::text, ''), mark) > 0
    )
"""
# Answers to commands that wrote an event of the case, which have the same instant, and answers that name it
# or a part of it.
ANSWERS = " ".join(
    (
        "(created_at, user_id) IN (SELECT at, actor_id FROM events WHERE case_id = :case) OR",
        _NAMED.format(fields="headers"),
    )
)
# Deferred requests with such an answer, and pending ones that name the case.
DEFERRED = " ".join(
    (
        "EXISTS (SELECT FROM idempotency_keys WHERE user_id = deferred_requests.user_id",
        "AND key = chr(31) || 'request ' || deferred_requests.id::text AND (",  # as `idempotency.internal`
        ANSWERS,
        ")) OR",
        _NAMED.format(fields="envelope"),
    )
)
