"""Files that leave the desk: Word and Excel, one file per report."""
