"""The one way in which a plan is refused."""


class PlanError(ValueError):
    """A plan, or a table it names, cannot be used; the sentence says what was found, where, and what is
    allowed."""
