"""The adapters to AWS: the only boto3 in Switchboard's functions."""
