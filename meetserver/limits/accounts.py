"""Second factors, single sign-on, tries, and the security log."""

# --- second factors
CHALLENGE_LIFE_S = 300.0
"""What was asked at sign-in, a second factor or a passkey, is to be answered within this time."""
CHALLENGE_ATTEMPTS = 5
"""Answers that are looked at for one such challenge; then signing in begins anew."""
TOTP_STEP_S = 30
"""A code of an authenticator app is new this often (RFC 6238)."""
TOTP_STEPS_OFF = 1
"""So many steps may the clock of the app be ahead or behind."""
RECOVERY_CODES = 10
"""Recovery codes that an account has at once."""
PASSKEYS = 20
"""Passkeys of one account."""
WEBAUTHN_FIELD_CHARS = 16_384
"""Longest field of what a browser answers for a passkey, as base64url."""

# --- single sign-on
OIDC_LIFE_S = 600.0
"""Who was sent to a provider to sign in must be back within this time."""
OIDC_NEXT_CHARS = 500
"""Longest path to go on to after having signed in."""
OIDC_CODE_CHARS = 2000
"""Longest code that a provider may send back."""
OIDC_ISSUER_CHARS = 400
"""Longest issuer: a provider's address."""
OIDC_TIMEOUT_S = 5.0
"""A provider that does not answer for this long is away."""
OIDC_RESPONSE_BYTES = 256 * 1024
"""Longest answer that is read from a provider."""
OIDC_METADATA_LIFE_S = 3600.0
"""A provider's metadata and keys are read anew after this long."""
OIDC_AGAIN_S = 10.0
"""A provider that was away, or did not have a key, is asked again after this long at the earliest."""
OIDC_KEYS = 64
"""Keys that are looked at in a provider's key set."""
OIDC_CLOCK_SKEW_S = 60.0
"""A provider's clock may be this far from ours."""
ERASE_ATTEMPTS = 20
"""Tries of an erasure, over about half a day; then an operator has to look."""
ERASED_TOGETHER = 500
"""Participants in one participant.erased: whoever came to a room oftener is told of with several."""
IDENTITIES = 20
"""Accounts at providers that one account may be linked to."""

# --- tries of a password, a code, a link
FREE_ATTEMPTS = 5
"""Wrong tries at one account from one place; with the last of them the delays begin."""
FREE_ATTEMPTS_ELSEWHERE = 20
"""… and from all places together where nobody has signed in to it before."""
FIRST_DELAY_S = 1.0
"""The first of these delays; each further one is twice as long."""
LONGEST_DELAY_S = 900.0
"""… but never longer than this."""
ATTEMPTS_LIFE_S = 86400.0
"""Without a further try for this long, the earlier ones are forgotten."""
KNOWN_PLACES = 20
"""Places of an account that are remembered: where somebody signed in to it last."""

# --- the security log
SECURITY_QUEUE = 4096
"""Security events of one process that wait to be written; one more is `busy`."""
SECURITY_BATCH = 256
"""Security events in one statement."""
SECURITY_ATTEMPTS = 50
"""Tries to link such a batch to the end of the log, while other processes are quicker."""
SECURITY_TEXT_CHARS = 400
"""Kept of a text in a security event."""
