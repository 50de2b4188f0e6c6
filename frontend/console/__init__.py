"""The terminal client: follows prices, shows them, and changes nothing.

It speaks REST and protocol 1 like any other client and imports nothing of the
server's. All it keeps is a file with refresh tokens.
"""
