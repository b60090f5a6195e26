"""`switchboard apply`: documents from files under version control into SSM."""
