"""Reference data at the desk: read from CSV files, loaded into a stage, and looked up."""
