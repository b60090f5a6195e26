"""The task that reads every stream of a stage."""
