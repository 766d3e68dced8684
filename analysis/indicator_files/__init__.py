"""Tables of figures as counties keep them → lines the evaluation reads, with everything doubtful named.

headings (which column is what) → reading (cells) → checks (doubts) → changes (against the table before).
"""
