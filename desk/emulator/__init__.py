"""AWS on the laptop: moto, made as strict as AWS where this product depends on it.

One process, one port. Every request goes through the same steps (`server`): whose is it and what
does it ask for (`calls`), may it (`authorization`), is it to fail (`faults`), and only then moto
or, for the data plane of SQS, `queues`.
"""
