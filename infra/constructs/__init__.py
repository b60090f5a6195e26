"""One construct per shape; all are L1, so that a template says what is written here and no more."""
