"""The demonstration county's figures, which are invented, brought in through the importer like any other."""
