"""The deployment: stages, stacks and assets, in CDK."""
