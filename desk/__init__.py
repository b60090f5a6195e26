"""The operator's tools: the `switchboard` command, the laptop stack and the demo."""
