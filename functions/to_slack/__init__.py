"""Events to a Slack channel, one message each, in a thread per interaction."""
