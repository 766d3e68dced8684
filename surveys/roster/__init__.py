"""The roster (名册): schools and residents from a spreadsheet into the county.

reading    a file's bytes → sheets of cells (workbooks: Excel's; cells: what a sheet is, and its limits)
headings   which row is the header, which column is what
words      a cell's text → stage, location, number
checking   sheets → checked schools and residents, and everything that cannot be used
           (rows: what a checked roster is; row_kinds: totals and notes; remarks: worth another look)
changes    checked roster against the county → what would be added, changed, left alone
saving     the changes → the database, with a trace
template   the form to fill in, as .xlsx
"""
