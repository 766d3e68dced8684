"""A property is about numbers, not about how busy the machine is: no time limit per example.

Examples are drawn the same way on every run, so that a failure here is a failure everywhere.
"""

from hypothesis import settings

settings.register_profile("numeric", deadline=None, derandomize=True)
settings.load_profile("numeric")
