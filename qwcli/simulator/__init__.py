"""A provider to run against without a key: a real HTTP server on loopback that speaks the real wires.

What a model decides to answer (`decide`, pure and seeded), how a wire says it (`openai_wire`), what is remembered and
billed (`provider`, `books`) and the server stand apart. No client code enters: the wires are written anew.
"""
