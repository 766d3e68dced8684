"""The demonstration county: an invented county with invented answers, marked as such wherever it is shown.

roster.csv     its schools and residents, imported like any county's
comments.toml  the sentences of simulated comments
simulate       seeded answers to the supplied questionnaires
build          county, one closed wave, one open wave
"""
