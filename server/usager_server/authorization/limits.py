"""What the authorization server takes and gives, at most. Source: security.md 4 and 6.3; SMART App Launch 2.2."""

OAUTH_BODY_LIMIT_BYTES = 64 * 1024
OAUTH_PARAMETERS = 40
TOKEN_LIMIT_BYTES = 16 * 1024
SKEW_SECONDS = 60  # by how much the clock of another may be wrong

CODE_SECONDS = 60
DECISION_SECONDS = 600  # from the question to a person until the answer
LAUNCH_SECONDS = 300
ASSERTION_SECONDS = 300
BACKEND_TOKEN_SECONDS = 300
REFRESH_DAYS = 30  # without use
GRANT_DAYS = 90  # used or not: then the person is asked again

RECHECK_SECONDS = 4.0  # a token that was ended is refused within 5 s
TOKENS_KNOWN = 10_000  # that a process remembers to have checked

CLIENT_KEYS = 20
CLIENT_KEYS_SECONDS = 300  # how long keys fetched from a client are kept
REDIRECTS = 20
NAME_CHARACTERS = 200
SCOPE_CHARACTERS = 4000
