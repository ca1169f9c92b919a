"""Files that hold catalogs and interactions, read row by row: what is wrong in a row refuses that row only."""
