"""The world outside, fourth part: a server that speaks 8x8's legacy Streaming API.

It keeps to what 8x8's public pages say, and knows nothing of the product. Where they say nothing
(how often a heartbeat comes, what is answered to a fourth client, what a second client of the same
subscription does) it does what is simplest, and the reader must not depend on it.
"""
