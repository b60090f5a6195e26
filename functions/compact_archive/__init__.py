"""Each night: the archive's many small objects become two for each hour, raw and modelled."""
