"""The only room that touches the network, asynchronously.

It is given what it needs of the other rooms (classifier, graders, journal) as functions and values.
"""
