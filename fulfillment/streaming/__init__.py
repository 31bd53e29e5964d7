"""The delivery core: streams a text to a client while it is written. Knows neither Lex nor AWS.

    turn ── writes ──▶ TextBuffer ─▶ Delivery ── says what is due ──▶ shell ── posts ──▶ channel

Everything but the shells is pure: time, threads and networks are theirs. ``threads`` is for
Lambda, where boto3 blocks; ``asynchronous`` is for a server in which many turns share a loop.
"""
