"""The two ways in which the core declines to give a number."""


class NumericInputError(ValueError):
    """What was handed in contradicts itself or is not allowed; the sentence says what and what is."""


class NotComputable(Exception):
    """The question is well put, but these data cannot answer it.

    `reason` is one sentence for a reader; `code` is a stable word for programs, for example
    `audience_without_answers` or `raking_not_converged`.
    """

    def __init__(self, reason: str, *, code: str = "not_computable") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
