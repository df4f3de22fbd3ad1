"""One way to speak to every service: waits shown and bounded, retries only where safe, errors in words.

``transport`` is the session, ``waiting`` says how long to wait, ``faults`` are the errors, ``addresses`` says where a
service is, and ``redaction`` keeps tokens out of logs.
"""
